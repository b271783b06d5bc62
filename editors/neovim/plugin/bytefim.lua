-- What Neovim reads at its start: commands, maps, and the server's name. The rest is loaded when it is needed.

if vim.g.loaded_bytefim then
  return
end
vim.g.loaded_bytefim = true

if vim.fn.has("nvim-0.12") == 0 then
  vim.notify_once("bytefim needs Neovim 0.12 or newer: older ones show no inline completions.", vim.log.levels.WARN)
  return
end

---@param name string
---@param kind string|string[] modes
local function map(name, kind)
  vim.keymap.set(kind, ("<Plug>(bytefim-%s)"):format(name:gsub("_", "-")), function()
    require("bytefim")[name]()
  end, { desc = "bytefim: " .. name:gsub("_", " ") })
end

for _, name in ipairs({ "accept", "accept_word", "accept_line", "next", "previous", "trigger", "dismiss" }) do
  map(name, "i")
end
for _, name in ipairs({ "toggle", "why" }) do
  map(name, { "n", "i" })
end

---@param name string
---@param run string the function in bytefim.commands
---@param options vim.api.keyset.user_command
local function command(name, run, options)
  vim.api.nvim_create_user_command(name, function(given)
    require("bytefim.commands")[run](given.args)
  end, options)
end

command("BytefimToggle", "toggle", {
  nargs = "?",
  desc = "Suggestions off or on again: everywhere, in this buffer, in this language",
  complete = function()
    return { "buffer", "language" }
  end,
})
command("BytefimModel", "select_model", { nargs = "?", complete = "file", desc = "Load another model" })
command("BytefimStatus", "show_status", { desc = "How bytefim is" })
command("BytefimWhy", "why", { desc = "Why the last suggestion is what it is, or is none" })
command("BytefimRestart", "restart", { desc = "Start the language server anew" })

local group = vim.api.nvim_create_augroup("bytefim", { clear = true })
vim.api.nvim_create_autocmd("LspAttach", {
  group = group,
  desc = "Let the server hear of every edit",
  callback = function(event)
    require("bytefim.edits").look(event)
  end,
})
vim.api.nvim_create_autocmd({ "TextChangedI", "TextChangedP", "CursorMovedI", "LspRequest" }, {
  group = group,
  desc = "Take away ghost text that does not go on with what stands there",
  callback = function(event)
    require("bytefim.ghost").look(event)
  end,
})

vim.lsp.enable("bytefim")
vim.lsp.inline_completion.enable()
