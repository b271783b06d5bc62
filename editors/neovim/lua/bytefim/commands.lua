---What the user's commands do; each answers in words.
local say = require("bytefim.say")
local state = require("bytefim.state")
local switches = require("bytefim.switches")

local M = {}

local WARN = vim.log.levels.WARN
local ON_ONE_LINE = { newline = " ", indent = "" }

---@return vim.lsp.Client? client nil: the user was told why there is none
local function server()
  local client = vim.lsp.get_clients({ name = "bytefim" })[1]
  if not client then
    local reason = state.current().message
    say.answer(("bytefim: %s (:checkhealth bytefim tells more)"):format(reason), WARN)
  end
  return client
end

---@param client vim.lsp.Client
---@param command string
---@param arguments any[]
---@param take fun(result: any)
local function execute(client, command, arguments, take)
  client:request("workspace/executeCommand", { command = command, arguments = arguments }, function(problem, result)
    if problem then
      say.answer("bytefim: " .. problem.message, WARN)
    else
      take(result)
    end
  end)
end

---@param is_off boolean
---@param where string
local function tell(is_off, where)
  say.answer(("bytefim: suggestions are %s%s"):format(is_off and "off" or "on", where))
end

---@param where string "", "buffer" or "language"
function M.toggle(where)
  local client = server()
  if not client then
    return
  end
  local buf = vim.api.nvim_get_current_buf()
  if where == "" then
    execute(client, "bytefim.toggle", {}, function(result)
      tell(not result.enabled, "")
    end)
  elseif where == "buffer" then
    local is_off = switches.flip_buffer(client, buf)
    if is_off == nil then
      say.answer("bytefim: this buffer has no name yet; :BytefimToggle language does for it", WARN)
    else
      tell(is_off, " in this buffer")
    end
  elseif where == "language" then
    tell(switches.flip_language(client, buf), (" for language %s"):format(vim.bo[buf].filetype))
  else
    say.answer(("bytefim: :BytefimToggle takes buffer or language, not %s"):format(where), WARN)
  end
  vim.cmd.redrawstatus({ bang = true })
end

---@param wanted string name or path; empty: let the user choose
function M.select_model(wanted)
  local client = server()
  if not client then
    return
  end
  local function load(model)
    execute(client, "bytefim.selectModel", { model }, function()
      say.answer(("bytefim: %s is being loaded"):format(model))
    end)
  end
  if wanted ~= "" then
    load(vim.fn.filereadable(vim.fn.expand(wanted)) == 1 and vim.fn.fnamemodify(wanted, ":p") or wanted)
    return
  end
  execute(client, "bytefim.selectModel", {}, function(found)
    vim.ui.select(found.models, {
      prompt = ("Model (now %s):"):format(found.current),
    }, function(chosen)
      if chosen then
        load(chosen)
      end
    end)
  end)
end

function M.show_status()
  local status = state.current()
  local lines = { ("bytefim: %s (%s)"):format(require("bytefim").status(), status.message) }
  if status.model then
    table.insert(lines, "model: " .. status.model)
  end
  if say.latest then
    table.insert(lines, "last message: " .. say.latest)
  end
  say.answer(table.concat(lines, "\n"))
end

---What `bytefim/why` says, as lines.
---@param decision table
---@return string
local function render(decision)
  local lines = { ("bytefim: %s: %s"):format(decision.outcome, decision.reason or "") }
  for _, name in ipairs({ "rule", "confidence", "served_by", "layout", "tokens", "context_files", "context_reason" }) do
    local value = decision[name]
    local is_said = value ~= nil and value ~= vim.NIL and value ~= "" and not vim.deep_equal(value, {})
    if is_said then
      table.insert(
        lines,
        ("  %s: %s"):format(name, type(value) == "string" and value or vim.inspect(value, ON_ONE_LINE))
      )
    end
  end
  return table.concat(lines, "\n")
end

function M.why()
  local client = server()
  local buf = vim.api.nvim_get_current_buf()
  if not client then
    return
  end
  if not client.attached_buffers[buf] then
    say.answer("bytefim: this buffer holds no file, so nothing is suggested in it", WARN)
    return
  end
  local asked = { textDocument = vim.lsp.util.make_text_document_params(buf) }
  client:request("bytefim/why", asked, function(problem, decision)
    if problem then
      say.answer("bytefim: " .. problem.message, WARN)
      return
    end
    local status = state.current()
    local is_down = status.state ~= "idle" and status.state ~= "busy"
    say.answer(render(decision) .. (is_down and ("\n  now: %s: %s"):format(status.state, status.message) or ""))
  end, buf)
end

function M.restart()
  require("bytefim.server").restart()
  say.answer("bytefim: the language server is starting")
end

return M
