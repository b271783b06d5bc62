---What was switched off or on by `:BytefimToggle buffer` and `:BytefimToggle language`, as settings of the server.
---
---The server does the muting, so that it can tell the reason, and so that asking for a suggestion still works.
local M = {}

---Setting -> entry -> whether it shall be in the list, whatever the user's settings say.
---@type table<"languages_off"|"files_off", table<string, boolean>>
local overrides = { languages_off = {}, files_off = {} }

---@param settings? table as `vim.lsp.config` has them
---@return table settings a copy, what was switched off or on included
function M.with_overrides(settings)
  local all = vim.deepcopy(settings or {})
  all.bytefim = all.bytefim or vim.empty_dict()
  for name, entries in pairs(overrides) do
    if next(entries) then
      local list = vim.tbl_filter(function(entry)
        return entries[entry] ~= false
      end, type(all.bytefim[name]) == "table" and all.bytefim[name] or {})
      for entry, is_off in vim.spairs(entries) do
        if is_off and not vim.list_contains(list, entry) then
          table.insert(list, entry)
        end
      end
      all.bytefim[name] = list
    end
  end
  return all
end

---@param client vim.lsp.Client
---@param name "languages_off"|"files_off"
---@param entry string
---@return boolean is_off
local function flip(client, name, entry)
  local is_off = not vim.list_contains(vim.tbl_get(client.settings, "bytefim", name) or {}, entry)
  overrides[name][entry] = is_off
  client.settings = M.with_overrides(client.settings)
  client:notify("workspace/didChangeConfiguration", { settings = client.settings })
  return is_off
end

---The pattern that fits this file alone.
---@param buf integer
---@return string? pattern nil for a buffer without a name
local function pattern_of(buf)
  local path = vim.api.nvim_buf_get_name(buf)
  return path ~= "" and vim.fs.normalize(path):gsub("[%[%*%?]", "[%0]") or nil
end

---@param client vim.lsp.Client
---@param buf integer
---@return boolean? is_off nil: a buffer without a name cannot be named in a setting
function M.flip_buffer(client, buf)
  local pattern = pattern_of(buf)
  if pattern then
    return flip(client, "files_off", pattern)
  end
end

---@param client vim.lsp.Client
---@param buf integer
---@return boolean is_off
function M.flip_language(client, buf)
  return flip(client, "languages_off", client.get_language_id(buf, vim.bo[buf].filetype))
end

---Why nothing comes by itself in a buffer, as far as that is known here.
---@param buf integer
---@return string?
function M.reason(buf)
  local client = vim.lsp.get_clients({ name = "bytefim", bufnr = buf })[1]
  if not client then
    return "not attached to this buffer"
  end
  if not vim.lsp.inline_completion.is_enabled({ bufnr = buf, client_id = client.id }) then
    return "vim.lsp.inline_completion is not enabled"
  end
  local settings = client.settings.bytefim or {}
  local language = client.get_language_id(buf, vim.bo[buf].filetype)
  if vim.list_contains(settings.languages_off or {}, language) then
    return "language " .. language
  end
  if vim.list_contains(settings.files_off or {}, pattern_of(buf)) then
    return "this buffer"
  end
end

return M
