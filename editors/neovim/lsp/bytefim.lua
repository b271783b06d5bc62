-- The language server as Neovim knows it. What you set with `vim.lsp.config("bytefim", …)` is merged into this.

local switches = require("bytefim.switches")

---@type vim.lsp.Config
return {
  cmd = function(dispatchers, config)
    return require("bytefim.server").start(dispatchers, config)
  end,
  -- no filetypes: every file is text to go on with; settings languages_off and files_off leave some out
  root_dir = function(buf, start)
    if require("bytefim.server").can_start() then
      start(vim.fs.root(buf, { ".git", ".hg", ".jj", "pyproject.toml", "package.json", "Cargo.toml", "go.mod" }))
    end
  end,
  reuse_client = function(client, config)
    return require("bytefim.server").reuse(client, config)
  end,
  settings = { bytefim = vim.empty_dict() },
  before_init = function(params, config)
    -- so that the model which is loaded first is the right one; lists are asked for later, as commands change them
    local first = vim.deepcopy(vim.tbl_get(config, "settings", "bytefim") or vim.empty_dict())
    first.languages_off, first.files_off = nil, nil
    params.initializationOptions = { bytefim = first }
  end,
  on_init = function(client)
    client.settings = switches.with_overrides(client.settings)
  end,
  handlers = {
    ["bytefim/status"] = function(_, status)
      require("bytefim.state").take(status)
    end,
    ["window/showMessage"] = function(_, params)
      require("bytefim.say").unasked(params.message, params.type == 1 and vim.log.levels.ERROR or vim.log.levels.WARN)
      return params
    end,
  },
}
