---What maps and statuslines call. Everything here may be called at any time, and says nothing when there is nothing
---to do. Commands that answer in words are in `bytefim.commands`.
local M = {}

---Take the whole suggestion.
---@return boolean was_taken false: nothing fits what stands there; let the key do what else it does
function M.accept()
  return require("bytefim.ghost").accept(function(text)
    return text
  end)
end

---Take the next word of the suggestion; the rest stays.
---@return boolean was_taken
function M.accept_word()
  return require("bytefim.ghost").accept(require("bytefim.parts").first_word)
end

---Take the suggestion's next line; the rest stays.
---@return boolean was_taken
function M.accept_line()
  return require("bytefim.ghost").accept(require("bytefim.parts").first_line)
end

---Show the next suggestion, if there are several.
function M.next()
  vim.lsp.inline_completion.select({ count = vim.v.count1 })
end

---Show the one before.
function M.previous()
  vim.lsp.inline_completion.select({ count = -vim.v.count1 })
end

---Ask for a suggestion now, also where none comes by itself.
function M.trigger()
  require("bytefim.ghost").trigger()
end

---Take the suggestion away until something is typed.
---@return boolean was_shown
function M.dismiss()
  return require("bytefim.ghost").dismiss()
end

---Suggestions off, or on again.
---@param where? "buffer"|"language" default: everywhere
function M.toggle(where)
  require("bytefim.commands").toggle(where or "")
end

---Tell why the last suggestion is what it is, or is none.
function M.why()
  require("bytefim.commands").why()
end

---For statuslines: "idle", "busy", "loading", "off: …", "error: …"; empty in windows that hold no file. Free of `%`.
---@param buf? integer default: the current buffer
---@return string
function M.status(buf)
  return require("bytefim.state").describe(buf or vim.api.nvim_get_current_buf())
end

return M
