---Sees to it that the server hears of every edit, also after it has been away.
---
---Neovim stops listening to a buffer that is edited while no server is attached to it, and 0.12.4 does not begin again
---when a server comes back: whatever is typed from then on would be unknown to it, and suggestions would be for an old
---text. So its note that it listens is taken back at the moment at which it stops.
local M = {}

---@type table<integer, true>
local watched = {}

---Buffers whose edits the server would not hear of.
---@type table<integer, true>
local lost = {}

---@param from function
---@param wanted string
---@return any value of the local variable that a function uses
local function variable(from, wanted)
  for i = 1, math.huge do
    local name, value = debug.getupvalue(from, i)
    if not name or name == wanted then
      return name and value
    end
  end
end

---@return table<integer, boolean>? note of the buffers that Neovim believes to listen to
local function listened_to()
  local attach = variable(vim.lsp.buf_attach_client, "buf_attach")
  return attach and variable(attach, "attached_buffers")
end

---@param buf integer
local function watch(buf)
  if watched[buf] then
    return
  end
  watched[buf] = true
  vim.api.nvim_buf_attach(buf, false, {
    on_lines = function()
      if #vim.lsp.get_clients({ bufnr = buf, _uninitialized = true }) > 0 then
        return
      end
      local note = listened_to()
      if note then
        note[buf] = nil
      else
        lost[buf] = true
      end
      watched[buf] = nil
      return true
    end,
    on_detach = function()
      watched[buf], lost[buf] = nil, nil
    end,
  })
end

---A server was attached to a buffer.
---@param event vim.api.keyset.create_autocmd.callback_args
function M.look(event)
  local client = vim.lsp.get_client_by_id(event.data.client_id)
  if not client or client.name ~= "bytefim" then
    return
  end
  if lost[event.buf] then
    vim.lsp.buf_detach_client(event.buf, client.id)
    local text = "bytefim: no suggestions in this buffer until it is opened again (:bdelete, then :edit)."
    require("bytefim.say").once(text, vim.log.levels.WARN)
  else
    watch(event.buf)
  end
end

---For :checkhealth.
---@return boolean
function M.is_whole()
  return type(listened_to()) == "table"
end

return M
