-- High scores of a game, kept in a table of ten.

local Scores = {}
Scores.__index = Scores

local LIMIT = 10
local medals = { "🥇", "🥈", "🥉" }

function Scores.new(path)
  local self = setmetatable({}, Scores)
  self.path = path
  self.entries = {}
  return self
end

local function by_points(a, b)
  if a.points == b.points then
    return a.name < b.name
  end
  return a.points > b.points
end

function Scores:add(name, points)
  assert(type(points) == "number", "points must be a number")
  table.insert(self.entries, { name = name, points = points })
  table.sort(self.entries, by_points)
  while #self.entries > LIMIT do
    table.remove(self.entries)
  end
end

function Scores:rank(name)
  for i, entry in ipairs(self.entries) do
    if entry.name == name then
      return i
    elseif i >= LIMIT then
      break
    end
  end
  return nil
end

function Scores:save()
  local file, message = io.open(self.path, "w")
  if not file then
    return false, message
  end
  for _, entry in ipairs(self.entries) do
    file:write(string.format("%d %s\n", entry.points, entry.name))
  end
  file:close()
  return true
end

function Scores:load()
  local file = io.open(self.path)
  if file then
    for line in file:lines() do
      local points, name = line:match("^(%d+) (.+)$")
      if points then
        self:add(name, tonumber(points))
      end
    end
    file:close()
  end
end

function Scores:show(write)
  write = write or print
  write([[
Rank  Name
----  ----]])
  for i = 1, #self.entries do
    local entry = self.entries[i]
    write(("%4s  %s: %d"):format(medals[i] or i, entry.name, entry.points))
  end
  repeat
    local again = io.read()
  until again == nil or again == ""
end

return Scores
