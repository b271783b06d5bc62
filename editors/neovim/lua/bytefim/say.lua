---What the user is told. Nothing here opens a window or waits for a key.
local M = {}

---@type table<string, true>
local told = {}

---The latest message that nobody asked for, whole; for `:BytefimStatus`.
---@type string?
M.latest = nil

---Answer a command.
---@param text string may have several lines
---@param level? vim.log.levels
function M.answer(text, level)
  vim.notify(text, level or vim.log.levels.INFO, { title = "bytefim" })
end

---Tell what nobody asked for, on one line: a longer one would make Neovim wait for a key in the middle of typing.
---@param text string
---@param level vim.log.levels
function M.unasked(text, level)
  M.latest = text
  local line = text:gsub("%s*\n%s*", " ")
  local hint = " … :BytefimStatus"
  local n_cells = math.max(vim.v.echospace, #hint + 1)
  if vim.fn.strdisplaywidth(line) > n_cells then
    local n_kept = n_cells - vim.fn.strdisplaywidth(hint)
    line = vim.fn.strcharpart(line, 0, n_kept) .. hint
  end
  vim.notify(line, level, { title = "bytefim" })
end

---The same, but each text only once.
---@param text string
---@param level vim.log.levels
function M.once(text, level)
  if not told[text] then
    told[text] = true
    M.unasked(text, level)
  end
end

return M
