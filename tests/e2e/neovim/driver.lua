-- What the tests look at inside Neovim. Runs in the editor; changes nothing of it but its own global `e2e`.

local ghost_namespace = vim.api.nvim_create_namespace("nvim.lsp.inline_completion")
local asked = {} ---@type table<integer, integer[]>
local answered ---@type integer[]?
local statuses = {} ---@type string[]

e2e = {}

---@return integer[] buffer, changes, row, column
local function here()
  local position = vim.api.nvim_win_get_cursor(0)
  return { vim.api.nvim_get_current_buf(), vim.b.changedtick, position[1], position[2] }
end

vim.api.nvim_create_autocmd("LspRequest", {
  callback = function(event)
    local id, request = event.data.request_id, event.data.request
    if request.method ~= "textDocument/inlineCompletion" then
      return
    end
    if request.type == "pending" then
      asked[id] = here()
    elseif request.type == "complete" then
      vim.schedule(function() -- after Neovim has shown it
        answered = asked[id]
      end)
    end
  end,
})

vim.api.nvim_create_autocmd("User", {
  pattern = "BytefimStatus",
  callback = function()
    table.insert(statuses, require("bytefim").status())
  end,
})

---Whether the server has answered for exactly what is there now.
function e2e.is_answered()
  return vim.deep_equal(answered, here())
end

---Everything that the statusline has shown.
function e2e.statuses()
  return statuses
end

---What is shown as ghost text, line by line.
function e2e.ghost()
  local lines = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, ghost_namespace, 0, -1, { details = true })) do
    local rows = { mark[4].virt_text, unpack(mark[4].virt_lines or {}) }
    for _, row in ipairs(rows) do
      local texts = vim.tbl_map(function(chunk)
        return chunk[2] == "ComplHintMore" and "" or chunk[1]
      end, row)
      table.insert(lines, table.concat(texts))
    end
  end
  return lines
end

---Where ghost text begins: row and column, both from 0.
function e2e.ghost_place()
  local mark = vim.api.nvim_buf_get_extmarks(0, ghost_namespace, 0, -1, {})[1]
  return mark and { mark[2], mark[3] } or {}
end

---The buffer, as much of it as LSP sends.
function e2e.document()
  local position = vim.api.nvim_win_get_cursor(0)
  return {
    lines = vim.api.nvim_buf_get_lines(0, 0, -1, true),
    format = vim.bo.fileformat,
    ends_with_break = vim.bo.endofline,
    row = position[1] - 1,
    column = position[2],
  }
end

---@return vim.lsp.Client?
local function client()
  return vim.lsp.get_clients({ name = "bytefim", bufnr = 0 })[1]
end

---Whether the server has the current buffer, and Neovim will ask it for suggestions.
function e2e.is_attached()
  local group = "nvim.lsp.inline_completion:" .. vim.api.nvim_get_current_buf()
  return client() ~= nil and pcall(vim.api.nvim_get_autocmds, { group = group })
end

---Ask the server about the current document.
---@param method string
function e2e.ask(method)
  local found = assert(client(), "the server is not attached")
  local params = { textDocument = vim.lsp.util.make_text_document_params() }
  -- the buffer's number, since 0 would not make Neovim send its latest edits first
  local reply, problem = found:request_sync(method, params, 30000, vim.api.nvim_get_current_buf())
  assert(reply, problem)
  return reply.result or { error = reply.err and reply.err.message }
end
