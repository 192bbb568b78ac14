-- Text bodies: the NUL-terminated fields of a message in, a tree of named values out, by the message's layout.
-- A node of the tree is {label, path, offset, length} and value, words (a field), unset, or items (what is inside).

local MAX_FIELDS = 65536 -- of one message that are split; what follows is kept as the last of them
local MAX_SURPLUS = 1024 -- fields beyond the layout that get an item each

-- The layout of a message at one server version: gates resolved, sequences without conditions opened.
local function resolve(items, version, numbered, prefix, steps)
  for _, one in ipairs(items) do
    if one.low <= version and version <= one.high then
      local when, skipped = {}, false
      for _, held in ipairs(one.when) do
        if numbered or (held.op ~= "since" and held.op ~= "before") then
          when[#when + 1] = held
        elseif held.op == "before" then
          skipped = true -- a message without a version counts as the newest
        end
      end
      if skipped then
        -- not on the wire
      elseif one.form == "g" and #when == 0 then
        resolve(one.items, version, numbered, prefix, steps)
      else
        local path = prefix .. one.name
        local type = one.type == "u" and version < ESCAPES_SINCE and "s" or one.type
        local step = { form = one.form, name = one.name, path = path, type = type, when = when }
        step.required = one.required
        step.items = resolve(one.items, version, numbered, one.form == "g" and prefix or path .. ".", {})
        steps[#steps + 1] = step
      end
    end
  end
  return steps
end

local function plan(row, version)
  if not row.plans[version] then
    local numbered = false
    for _, one in ipairs(row.layout) do
      numbered = numbered or (one.name == "version" and one.low <= version and version <= one.high)
    end
    row.plans[version] = resolve(row.layout, version, numbered, "", {})
  end
  return row.plans[version]
end

-- The fields of a body (a Lua string that begins at ``offset`` of the buffer): {raw, offset, length} each.
local function split(body, offset)
  local fields, at = {}, 1
  while at <= #body do
    local nul = #fields < MAX_FIELDS and body:find("\0", at, true) or nil
    local last = nul and nul - 1 or #body
    fields[#fields + 1] = { raw = body:sub(at, last), offset = offset + at - 1, length = last - at + 1 }
    at = last + 2
  end
  return fields
end

local Reader = {}
Reader.__index = Reader

-- strict: an empty identifier is a problem too; unframed: the fields go on beyond the body.
local function reader(fields, strict, unframed)
  return setmetatable({
    fields = fields, count = #fields, position = 0, short = false, names = {}, scopes = {},
    strict = strict or false, unframed = unframed or false,
  }, Reader)
end

function Reader:complain(problem)
  self.problem = self.problem or problem
end

function Reader:missing(path)
  self.short = true
  self:complain(("ends before %s (field %d)"):format(path, self.count + 1))
  return false
end

-- The value of a name that is set, looked for in the innermost group first.
function Reader:lookup(path)
  for index = #self.scopes, 1, -1 do
    local scope, found = self.scopes[index], nil
    for depth, name in ipairs(path) do
      found = scope and scope[name]
      if depth < #path then
        scope = found and found.scope
      end
    end
    if found then
      return found
    end
  end
  return nil
end

local function numeric(found)
  if not found or not found.words then
    return nil
  end
  local words = found.words
  return NOT_FINITE[words] or (words == "True" and 1) or (words == "False" and 0) or tonumber(words) or 0
end

local function truthy(found)
  if not found then
    return false
  elseif found.scope or found.size then
    return found.scope ~= nil or found.size > 0
  end
  return found.words ~= "" and found.words ~= "False" and not (found.integer and found.words == "0")
end

function Reader:holds(when)
  for _, held in ipairs(when) do
    local found = #held.path > 0 and self:lookup(held.path) or nil
    local is_true
    if held.op == "left" then
      is_true = self:enough_left(held.values)
    elseif held.op == "set" then
      is_true = truthy(found)
    elseif held.op == "is" then
      is_true = false
      for _, value in ipairs(held.values) do
        is_true = is_true or (found ~= nil and found.words == value)
      end
    elseif held.op == "above" then
      local value = numeric(found)
      is_true = value ~= nil and value > held.values[1]
    elseif not found or not found.integer then
      is_true = held.op == "since"
    else
      is_true = (numeric(found) >= held.values[1]) == (held.op == "since")
    end
    if not is_true then
      return false
    end
  end
  return true
end

function Reader:enough_left(values)
  if not self.unframed then
    return self.count - self.position > values[1]
  end
  local version = self.scopes[1].version
  return values[2] ~= nil and version ~= nil and version.integer and numeric(version) >= values[2]
end

function Reader:field(step, node, scope)
  if self.position >= self.count then
    return self:missing(step.path)
  end
  self.position = self.position + 1
  local field = self.fields[self.position]
  local made = { label = step.name, path = step.path, type = step.type, offset = field.offset, length = field.length }
  local value, words = CONVERT[step.type](field.raw)
  if value == BAD then
    made.value, made.words, made.bad = clean(field.raw), clean(field.raw), true
    self:complain(("%s (field %d) is not %s"):format(step.path, self.position, WORDS[step.type]))
  elseif value == UNSET then
    made.unset = true
    if step.required and field.raw == "" then
      self:complain(("%s (field %d) is empty"):format(step.path, self.position))
    end
  else
    made.value, made.words = value, words
    made.integer = step.type == "i" or step.type == "k"
  end
  scope[step.name] = not made.unset and made or nil
  node.items[#node.items + 1] = made
  self.names[#self.names + 1] = step.path
  if self.strict and field.raw == "" and step.type == "k" then
    self:complain(("%s (field %d) is empty"):format(step.path, self.position))
  end
  return true
end

function Reader:object(step, node, scope)
  local known = scope[step.name]
  if known and known.scope then
    return self:run(step.items, known.node, known.scope)
  end
  local made = { label = step.name, path = step.path, items = {} }
  scope[step.name] = { scope = {}, node = made }
  node.items[#node.items + 1] = made
  local alive = self:run(step.items, made, scope[step.name].scope)
  if #made.items == 0 then
    scope[step.name] = nil
    table.remove(node.items)
  end
  return alive
end

function Reader:list(step, node, scope)
  if self.position >= self.count then
    return self:missing(step.path)
  end
  self.position = self.position + 1
  local field = self.fields[self.position]
  self.names[#self.names + 1] = step.path
  local count, words = integer(field.raw)
  local made = { label = step.name, path = step.path, offset = field.offset, length = field.length }
  node.items[#node.items + 1] = made
  if count == BAD then
    made.value, made.words, made.bad = clean(field.raw), clean(field.raw), true
    scope[step.name] = made
    self:complain(("the count of %s (field %d) is not an integer"):format(step.path, self.position))
    return true
  end
  made.items, made.is_list = {}, true
  local size = { size = 0 }
  scope[step.name] = size
  local plain = #step.items == 1 and step.items[1].name == ""
  local claimed = count ~= UNSET and tonumber(words) or 0
  while size.size < claimed do
    local one = { label = ("%s[%d]"):format(step.name, size.size), path = step.path, items = {} }
    local at = self.position
    local alive = self:run(step.items, one, {})
    if #one.items > 0 then
      size.size = size.size + 1
      if plain then
        one = one.items[1]
        one.label, one.path = ("%s[%d]"):format(step.name, size.size - 1), step.path
      end
      made.items[#made.items + 1] = one
    end
    if not alive then
      return false
    elseif self.position == at then
      break
    end
  end
  return true
end

-- Read ``steps`` into ``node``; false once the fields have run out.
function Reader:run(steps, node, scope)
  self.scopes[#self.scopes + 1] = scope
  local alive = true
  for _, step in ipairs(steps) do
    if #step.when == 0 or self:holds(step.when) then
      if step.form == "f" then
        alive = self:field(step, node, scope)
      elseif step.form == "o" then
        alive = self:object(step, node, scope)
      elseif step.form == "l" then
        alive = self:list(step, node, scope)
      else
        alive = self:run(step.items, node, scope)
      end
    end
    if not alive then
      break
    end
  end
  table.remove(self.scopes)
  return alive
end

local function surplus(fields, position, node)
  for index = position + 1, math.min(#fields, position + MAX_SURPLUS) do
    local field = fields[index]
    node.items[#node.items + 1] = {
      label = "field_" .. index, unknown = true, offset = field.offset, length = field.length,
      value = clean(field.raw),
    }
  end
end

-- Read a body by ``steps``; with ``limit`` only that many fields are named. Returns the tree and the reader.
local function read(steps, fields, limit, strict)
  local by = reader(fields, strict)
  by.count = math.min(#fields, limit or #fields)
  local root = { label = "", items = {} }
  by:run(steps, root, {})
  if limit then
    by.problem = nil
  end
  local more = #fields - by.position
  if more > 0 then
    surplus(fields, by.position, root)
    if not limit then
      local plural = more > 1 and "s" or ""
      by:complain(("%d more field%s than known, from field %d on"):format(more, plural, by.position + 1))
    end
  end
  return root, by
end

-- Octets of an unframed body that begins at ``at`` of ``data``; nil if it is not whole.
local function unframed_length(row, data, at, version)
  local fields = split(data:sub(at), 0)
  if data:byte(-1) ~= 0 then
    fields[#fields] = nil
  end
  local by = reader(fields, false, true)
  by:run(plan(row, version), { items = {} }, {})
  if by.short then
    return nil
  end
  local last = fields[by.position]
  return last and last.offset + last.length + 1 or 0
end

-- Without a server version: the fields are named as far as all versions agree at which the body fits.
local function bounds_of(items, found)
  for _, one in ipairs(items) do
    found[one.low], found[one.high + 1] = true, true
    bounds_of(one.items, found)
  end
end

local function candidates(row, form)
  local low, high = OLDEST, NEWEST
  if form == "text" then
    low, high = math.max(low, FIRST_FRAMED), math.min(high, FIRST_BINARY_ID - 1)
  elseif form == "binary_id" then
    low = math.max(low, FIRST_BINARY_ID)
  else
    high = math.min(high, LAST_UNFRAMED)
  end
  low = math.max(low, row.since)
  local found, sorted = { [low] = true, [ESCAPES_SINCE] = true }, {}
  bounds_of(row.layout, found)
  for version in pairs(found) do
    if low <= version and version <= high then
      sorted[#sorted + 1] = version
    end
  end
  table.sort(sorted)
  return #sorted > 0 and sorted or { low }
end

local function fitting(row, fields, versions)
  for _, strict in ipairs({ true, false }) do
    local found = {}
    for _, version in ipairs(versions) do
      local _, by = read(plan(row, version), fields, nil, strict)
      if not by.problem then
        found[#found + 1] = { version = version, names = by.names }
      end
    end
    if #found > 0 then
      return found
    end
  end
  return {}
end

local function read_without_version(row, fields, form)
  local versions = candidates(row, form)
  local tried = math.max(1, math.floor(MAX_TRIED / math.max(1, #fields)))
  while #versions > tried do
    table.remove(versions, 1)
  end
  local found = fitting(row, fields, versions)
  if #found == 0 then
    local root, by = read(plan(row, versions[#versions]), fields)
    return root, "server version unknown, and none fits: " .. tostring(by.problem)
  end
  local newest, agreed = found[#found], #fields
  for _, other in ipairs(found) do
    local common = math.min(#newest.names, #other.names)
    for index = 1, common do
      if newest.names[index] ~= other.names[index] then
        common = index - 1
        break
      end
    end
    agreed = math.min(agreed, common)
  end
  if agreed == #fields then
    return read(plan(row, newest.version), fields), nil
  end
  local root = read(plan(row, newest.version), fields, agreed)
  return root, ("server version unknown: named up to field %d, where versions differ"):format(agreed)
end
