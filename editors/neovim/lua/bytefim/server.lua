---The server as a program: found, started, started again when it dies. Knows nothing of suggestions.
local say = require("bytefim.say")
local state = require("bytefim.state")

local M = {}

local MAX_DEATHS = 3 -- so many in a row are no accident
local DEATHS_APART_MS = 300000

---@type integer[] when it died lately, in milliseconds
local deaths = {}
local is_given_up = false

---Runs whose end was ordered so that another begins.
---@type table<vim.lsp.ClientConfig, true>
local ordered = {}

---@class bytefim.Options
---@field cmd? string[] the language server with its arguments, if it is to be another than the one that is found

---@return string? folder the checkout that this file belongs to
local function checkout()
  local here = debug.getinfo(1, "S").source:sub(2)
  return vim.fs.normalize(vim.fs.joinpath(vim.fs.dirname(vim.uv.fs_realpath(here) or here), "../../../.."))
end

---The command that starts the server: `vim.g.bytefim.cmd`, else what is on PATH, else what the checkout has.
---@return string[]? command nil: there is none
---@return string where it comes from, or what to do
function M.find()
  local options = vim.g.bytefim or {} ---@type bytefim.Options
  if options.cmd then
    if vim.fn.executable(options.cmd[1]) == 1 then
      return options.cmd, "vim.g.bytefim.cmd"
    end
    return nil, ("vim.g.bytefim.cmd names %s, which is no program."):format(options.cmd[1])
  end
  if vim.fn.executable("bytefim") == 1 then
    return { vim.fn.exepath("bytefim"), "serve" }, "PATH"
  end
  for _, program in ipairs({ ".venv/bin/bytefim", ".venv/Scripts/bytefim.exe" }) do
    local path = vim.fs.joinpath(checkout(), program)
    if vim.fn.executable(path) == 1 then
      return { path, "serve" }, "the checkout beside the plugin"
    end
  end
  return nil, "bytefim: no server found; run make in the checkout, or put the command bytefim on PATH."
end

---Whether a server is there to be started; if not, the user is told, once.
---@return boolean
function M.can_start()
  if is_given_up then
    return false
  end
  if type(vim.lsp.config.bytefim.cmd) ~= "function" then -- the user's own
    return true
  end
  local command, what_to_do = M.find()
  if not command then
    state.take({ state = "off", message = what_to_do })
    say.once(what_to_do, vim.log.levels.WARN)
  end
  return command ~= nil
end

---One server for all folders: each holds a model.
---@param client vim.lsp.Client
---@param config vim.lsp.ClientConfig
---@return boolean
function M.reuse(client, config)
  if client.name ~= config.name or client:is_stopped() then
    return false
  end
  local root = config.root_dir
  local folders = client.workspace_folders or {}
  local is_known = vim.iter(folders):any(function(folder)
    return root and folder.uri == vim.uri_from_fname(root)
  end)
  if root and not is_known and client.initialized then
    local folder = { uri = vim.uri_from_fname(root), name = root }
    client.workspace_folders = vim.list_extend({ folder }, folders)
    client:notify("workspace/didChangeWorkspaceFolders", { event = { added = { folder }, removed = {} } })
  end
  return true
end

---@param config vim.lsp.ClientConfig
---@return integer[] buffers that the server of this run was attached to
local function buffers_of(config)
  for _, client in ipairs(vim.lsp.get_clients({ name = config.name, _uninitialized = true })) do
    if client.config == config then
      return vim.tbl_keys(client.attached_buffers)
    end
  end
  return {}
end

---@param config vim.lsp.ClientConfig
---@param buffers integer[]
local function start_again(config, buffers)
  -- Neovim detaches the dead one in two steps; only then its place is free
  vim.defer_fn(function()
    local id = vim.lsp.is_enabled("bytefim") and vim.lsp.start(config, { attach = false, silent = true })
    for _, buf in ipairs(id and buffers or {}) do
      if vim.api.nvim_buf_is_loaded(buf) then
        vim.lsp.buf_attach_client(buf, id --[[@as integer]])
      end
    end
  end, 50)
end

---@return boolean is_worth_it
local function count_death()
  local now_ms = vim.uv.now()
  deaths = vim.tbl_filter(function(at_ms)
    return now_ms - at_ms < DEATHS_APART_MS
  end, deaths)
  table.insert(deaths, now_ms)
  return #deaths < MAX_DEATHS
end

---@param config vim.lsp.ClientConfig
---@param buffers integer[]
---@param code integer
---@param signal integer
local function on_exit(config, buffers, code, signal)
  local is_ordered = ordered[config]
  ordered[config] = nil
  local is_wanted = code == 0 and (signal == 0 or signal == 15)
  if vim.v.exiting ~= vim.NIL then
    return
  end
  state.take({ state = "off", message = "the language server is not running" })
  if is_wanted and not is_ordered then
    return
  end
  if is_ordered or count_death() then
    start_again(config, buffers)
  else
    is_given_up = true
    local what = ("bytefim: the server ended %d times (exit code %d, signal %d)"):format(MAX_DEATHS, code, signal)
    local text = ("%s; see %s, then :BytefimRestart."):format(what, vim.lsp.log.get_filename())
    state.take({ state = "error", message = text })
    say.unasked(text, vim.log.levels.ERROR)
  end
end

---What `vim.lsp.config` calls as `cmd`.
---@param dispatchers vim.lsp.rpc.Dispatchers
---@param config vim.lsp.ClientConfig
---@return vim.lsp.rpc.PublicClient
function M.start(dispatchers, config)
  local command = assert(M.find())
  local tell_neovim = dispatchers.on_exit
  ---@param code integer
  ---@param signal integer
  dispatchers.on_exit = function(code, signal)
    vim.schedule(function()
      on_exit(config, buffers_of(config), code, signal)
      -- not the truth: Neovim would show a message about something that is being mended
      tell_neovim(0, 0)
    end)
  end
  state.take({ state = "loading", message = "the language server is starting" })
  return vim.lsp.rpc.start(command, dispatchers, { cwd = config.cmd_cwd, env = config.cmd_env })
end

---Start the server anew, also after it was given up.
function M.restart()
  deaths, is_given_up = {}, false
  local clients = vim.lsp.get_clients({ name = "bytefim" })
  for _, client in ipairs(clients) do
    ordered[client.config] = true
    client:stop(2000)
  end
  if #clients == 0 then
    vim.lsp.enable("bytefim")
  end
end

return M
