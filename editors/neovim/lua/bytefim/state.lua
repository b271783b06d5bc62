---How the server says it is, in words for statuslines. Knows no windows.
local M = {}

---@class bytefim.Status
---@field state "loading"|"idle"|"busy"|"off"|"error"
---@field message string
---@field percentage? integer of the loading
---@field model? string

---@type bytefim.Status
local current = { state = "off", message = "the language server is not running" }

---@param status bytefim.Status as `bytefim/status` has it; JSON's null is read as absent
function M.take(status)
  current = {
    state = status.state,
    message = status.message,
    percentage = type(status.percentage) == "number" and status.percentage or nil,
    model = status.model ~= "" and status.model or nil,
  }
  vim.api.nvim_exec_autocmds("User", { pattern = "BytefimStatus", modeline = false })
  vim.cmd.redrawstatus({ bang = true })
end

---@return bytefim.Status
function M.current()
  return current
end

---@param buf integer
---@return string
function M.describe(buf)
  if vim.bo[buf].buftype ~= "" then
    return ""
  end
  if vim.fn.has("nvim-0.12") == 0 then
    return "off: needs Neovim 0.12"
  end
  if current.state == "off" or current.state == "error" then
    return (("%s: %s"):format(current.state, current.message):gsub("%%", " percent"))
  end
  if current.state == "loading" then
    -- no sign of per cent: in a statusline it means something
    return current.percentage and ("loading, %d of 100"):format(current.percentage) or "loading"
  end
  local reason = require("bytefim.switches").reason(buf)
  if reason then
    return "off: " .. reason
  end
  return current.state
end

return M
