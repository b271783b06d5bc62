---The suggestion that Neovim shows: whether it still goes on with what stands there, and taking it, whole or in part.
---
---Neovim keeps showing a suggestion until the server has answered again, and puts the whole of it where it once began.
---Here, what does not fit is taken away at once, and what is inserted is what is missing. The one module that touches
---what Neovim does not promise to keep (`completor_of`); without it, suggestions can still be seen and taken.
local M = {}

---@param buf integer
---@return table? completor Neovim's own record of what is shown in a buffer
local function completor_of(buf)
  local found, capability = pcall(require, "vim.lsp._capability")
  local kinds = found and capability.all or {}
  return kinds.inline_completion and kinds.inline_completion.active[buf]
end

---@return integer row 0-based
---@return integer column in bytes
local function cursor()
  local position = vim.api.nvim_win_get_cursor(0)
  return position[1] - 1, position[2]
end

---What of an item is not there yet, for the current buffer.
---@param item vim.lsp.inline_completion.Item
---@return string? rest nil: what stands before the cursor is not how the item begins
---@return vim.Range? range where it belongs: empty at the cursor, unless the item replaces something right of it
local function rest_of(item)
  local text = item.insert_text
  if type(text) ~= "string" or not item.range then
    return nil
  end
  local start_row, start_column, end_row, end_column = item.range:to_extmark()
  local row, column = cursor()
  local line = vim.api.nvim_get_current_line()
  if row ~= start_row or column < start_column or column > #line then
    return nil
  end
  local typed = line:sub(start_column + 1, column)
  if not vim.startswith(text, typed) or #typed == #text then
    return nil
  end
  local at_end = { line = row, character = end_row == row and math.min(math.max(column, end_column), #line) or column }
  local range = { start = { line = row, character = column }, ["end"] = at_end }
  return text:sub(#typed + 1), vim.range.lsp(vim.api.nvim_get_current_buf(), range, "utf-8")
end

---@param buf integer the current one
local function drop_what_is_stale(buf)
  local completor = completor_of(buf)
  if completor and completor.current and not rest_of(completor.current) then
    completor.current = nil
    completor:hide()
  end
end

---Something was typed, the cursor moved, or the server has answered.
---@param event vim.api.keyset.create_autocmd.callback_args
function M.look(event)
  if event.buf ~= vim.api.nvim_get_current_buf() then
    return
  end
  if event.event ~= "LspRequest" then
    drop_what_is_stale(event.buf)
  end
  -- Neovim draws after this: in a handler, or in an autocommand that is younger than ours
  if event.event == "CursorMovedI" or (event.event == "LspRequest" and event.data.request.type == "complete") then
    vim.schedule(function()
      if vim.api.nvim_get_current_buf() == event.buf then
        drop_what_is_stale(event.buf)
      end
    end)
  end
end

---Put what is left of a suggestion back on the screen.
---@param buf integer
---@param item vim.lsp.inline_completion.Item
---@param text string
local function show_again(buf, item, text)
  local completor = completor_of(buf)
  local row, column = cursor()
  if not completor or vim.api.nvim_get_current_buf() ~= buf or not vim.lsp.get_client_by_id(item.client_id) then
    return
  end
  local here = { line = row, character = column }
  local range = vim.range.lsp(buf, { start = here, ["end"] = here }, "utf-8")
  completor.current = vim.tbl_extend("force", item, { insert_text = text, range = range })
  completor:show()
end

---Insert what a part makes of what is left of the suggestion.
---@param part fun(text: string): string
---@return boolean was_taken
function M.accept(part)
  local buf = vim.api.nvim_get_current_buf()
  drop_what_is_stale(buf)
  local left ---@type fun()?
  local is_taken = vim.lsp.inline_completion.get({
    bufnr = buf,
    on_accept = function(item)
      local rest, range = rest_of(item)
      if not rest then
        return nil
      end
      -- begin a new undo step: undoing takes the suggestion back and leaves what was typed
      vim.bo[buf].undolevels = vim.bo[buf].undolevels
      local taken = part(rest)
      if #taken < #rest then
        left = function()
          show_again(buf, item, rest:sub(#taken + 1))
        end
      end
      -- the command tells the server that all of it was taken; parts it learns from the edits
      local command = #taken == #rest and vim.lsp.get_client_by_id(item.client_id) and item.command or nil
      local accepted = { insert_text = taken, range = range, command = command, client_id = item.client_id }
      return accepted --[[@as vim.lsp.inline_completion.Item]]
    end,
  })
  if is_taken then
    vim.schedule(function() -- after Neovim's own, which was scheduled first
      if left then
        left()
      end
    end)
  end
  return is_taken
end

---Ask now, and be answered also where the model is not sure or suggestions are switched off.
function M.trigger()
  local completor = completor_of(vim.api.nvim_get_current_buf())
  if completor then
    completor:reset_timer() -- or the request that is due would take the answer's place
    completor:request(vim.lsp.protocol.InlineCompletionTriggerKind.Invoked)
  end
end

---@return boolean was_shown
function M.dismiss()
  local completor = completor_of(vim.api.nvim_get_current_buf())
  if not completor then
    return false
  end
  local was_shown = completor.current ~= nil
  completor:abort()
  return was_shown
end

---For :checkhealth: whether this Neovim has what dismissing, asking, and hiding need.
---@return boolean
function M.is_whole()
  local found, capability = pcall(require, "vim.lsp._capability")
  local kind = found and capability.all and capability.all.inline_completion
  for _, name in ipairs({ "hide", "show", "abort", "request", "reset_timer" }) do
    if not kind or type(kind[name]) ~= "function" then
      return false
    end
  end
  return true
end

return M
