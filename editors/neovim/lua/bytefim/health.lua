---`:checkhealth bytefim`: the answer to "why do I see nothing".
local M = {}

local DOCTOR_LIMIT_MS = 60000 -- it loads the model and works it for a second

---@return boolean is_usable
local function check_neovim()
  vim.health.start("Neovim")
  local version = tostring(vim.version())
  if vim.fn.has("nvim-0.12") == 0 then
    vim.health.error(("Neovim %s has no inline completion"):format(version), "install Neovim 0.12 or newer")
    return false
  end
  vim.health.ok("Neovim " .. version)
  if not require("bytefim.ghost").is_whole() then
    vim.health.warn("this Neovim has changed inside: asking, dismissing and hiding stale text may not work")
  end
  if not require("bytefim.edits").is_whole() then
    vim.health.warn("this Neovim has changed inside: files may have to be opened again when the server was away")
  end
  if not vim.lsp.is_enabled("bytefim") then
    vim.health.error("the server is not enabled", "call vim.lsp.enable(\"bytefim\")")
  end
  if not vim.lsp.inline_completion.is_enabled() and not vim.g._lsp_enabled_inline_completion then
    vim.health.warn("inline completion is not enabled everywhere", "call vim.lsp.inline_completion.enable()")
  end
  if vim.fn.maparg("<Plug>(bytefim-accept)", "i") ~= "" and vim.fn.hasmapto("<Plug>(bytefim-accept)", "i") == 0 then
    vim.health.info("no key is mapped to <Plug>(bytefim-accept); see :help bytefim-maps (other maps may call it)")
  end
  return true
end

---@return string[]? command
local function check_server()
  vim.health.start("Server")
  local own = vim.lsp.config.bytefim.cmd
  local command, where = require("bytefim.server").find()
  if type(own) == "table" then
    command, where = own, "vim.lsp.config"
  end
  if not command then
    vim.health.error(where, "see :help bytefim-server")
    return nil
  end
  local found, said = pcall(function()
    return vim.system({ command[1], "--version" }, { text = true }):wait(10000)
  end)
  if not found or said.code ~= 0 then
    vim.health.error(("%s does not run"):format(command[1]), "run make in the checkout again")
    return nil
  end
  vim.health.ok(("%s (%s, from %s)"):format(vim.trim(said.stdout), command[1], where))
  vim.health.info("log: " .. vim.lsp.log.get_filename())
  local client = vim.lsp.get_clients({ name = "bytefim" })[1]
  local status = require("bytefim.state").current()
  local running = ("%s: %s"):format(status.state, status.message)
  if client and status.state ~= "error" then
    vim.health.ok("running, " .. running)
  else
    vim.health.warn("not at work: " .. running, client and "see :BytefimWhy" or "open a file, or call :BytefimRestart")
  end
  return command
end

---@param facts table as `bytefim doctor --json` says
local function report(facts)
  local model = facts.model or {}
  if model.name then
    vim.health.info(("model: %s (%s), fill in the middle: %s"):format(model.name, model.path, model.fim))
  end
  local speed = facts.speed or {}
  if speed.generated_tokens_per_s then
    local text = "speed: %d tokens of prompt, %d of suggestion in a second"
    vim.health.info(text:format(speed.prompt_tokens_per_s, speed.generated_tokens_per_s))
  end
  for _, problem in ipairs(facts.verdict.problems) do
    vim.health.error(problem)
  end
  for _, hint in ipairs(facts.verdict.hints) do
    vim.health.warn(hint)
  end
  if facts.verdict.ok then
    vim.health.ok("the model works")
  end
  vim.health.start("Nothing is suggested where")
  for _, where in ipairs(facts.verdict.silent_where) do
    vim.health.info(where)
  end
end

---@param command string[]
local function check_model(command)
  vim.health.start("Model")
  local settings = vim.tbl_get(vim.lsp.config.bytefim, "settings", "bytefim") or {}
  local doctor = { command[1], "doctor", "--json" }
  if settings.model then
    vim.list_extend(doctor, { "--model", settings.model })
  end
  local said = vim.system(doctor, { text = true }):wait(DOCTOR_LIMIT_MS)
  local is_json, facts = pcall(vim.json.decode, said.stdout or "", { luanil = { object = true, array = true } })
  if is_json and type(facts) == "table" and facts.verdict then
    report(facts)
  else
    vim.health.error("bytefim doctor did not answer", vim.trim(said.stderr or ""))
  end
end

function M.check()
  if check_neovim() then
    local command = check_server()
    if command then
      check_model(command)
    end
  end
end

return M
