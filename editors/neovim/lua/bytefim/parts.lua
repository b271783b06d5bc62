---How a suggestion is taken in parts. Functions on text; they know no buffers.
local M = {}

---The blanks and line breaks that it begins with, and one word or one run of signs.
---@param text string not empty
---@return string part not empty; `text` begins with it
function M.first_word(text)
  -- bytes from 128 on belong to letters of other scripts, and to accents of the letter before
  return text:match("^%s*[%w_\128-\255]+") or text:match("^%s*[^%w_%s\128-\255]+") or text
end

---Up to the next line break. Where the text begins with line breaks, these and the line behind them.
---@param text string not empty
---@return string part not empty; `text` begins with it
function M.first_line(text)
  return text:match("^\n*[^\n]+") or text
end

return M
