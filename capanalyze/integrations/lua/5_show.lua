-- What Wireshark shows: the protocol, its fields and expert infos, and a tree of values as items.

local tws = Proto("tws", "TWS API")

local pf = {
  len = ProtoField.uint32("tws.len", "Length"),
  id = ProtoField.uint32("tws.msg.id", "Message id"),
  name = ProtoField.string("tws.msg.name", "Message"),
  constant = ProtoField.string("tws.msg.constant", "IB's name"),
  sender = ProtoField.string("tws.sender", "Sender"),
  form = ProtoField.string("tws.form", "Form"),
  server_version = ProtoField.int32("tws.server_version", "Server version"),
  request_id = ProtoField.int64("tws.request_id", "Request or order id"),
  error_code = ProtoField.int32("tws.error.code", "Error code"),
  error_text = ProtoField.string("tws.error.text", "Error text"),
  error_meaning = ProtoField.string("tws.error.meaning", "Meaning"),
  problem = ProtoField.string("tws.problem", "Does not fit the schema"),
  unset = ProtoField.string("tws.unset", "Unset"),
  unknown = ProtoField.string("tws.unknown", "Unknown field"),
  raw = ProtoField.string("tws.raw", "Not of its type"),
  group = ProtoField.none("tws.group", "Group"),
  magic = ProtoField.string("tws.hello.magic", "Magic"),
  versions = ProtoField.string("tws.hello.versions", "Versions"),
  min_version = ProtoField.uint32("tws.hello.min_version", "Lowest version"),
  max_version = ProtoField.uint32("tws.hello.max_version", "Highest version"),
  options = ProtoField.string("tws.hello.options", "Connect options"),
  library = ProtoField.string("tws.hello.library", "Client library"),
  time = ProtoField.string("tws.hello.time", "Connection time"),
  redirect = ProtoField.string("tws.hello.redirect", "Redirect to"),
  not_tws = ProtoField.string("tws.not_tws", "Not TWS"),
}

local expert = {
  notice = ProtoExpert.new("tws.error.notice", "Notice", expert.group.RESPONSE_CODE, expert.severity.NOTE),
  warning = ProtoExpert.new("tws.error.warning", "Warning", expert.group.RESPONSE_CODE, expert.severity.WARN),
  error = ProtoExpert.new("tws.error.error", "Error message", expert.group.RESPONSE_CODE, expert.severity.ERROR),
  not_tws = ProtoExpert.new("tws.expert.not_tws", "Not TWS", expert.group.PROTOCOL, expert.severity.ERROR),
  framing = ProtoExpert.new("tws.expert.framing", "Framing lost", expert.group.MALFORMED, expert.severity.ERROR),
  problem = ProtoExpert.new("tws.expert.problem", "Odd message", expert.group.UNDECODED, expert.severity.WARN),
  cut = ProtoExpert.new("tws.expert.cut", "Not captured whole", expert.group.UNDECODED, expert.severity.NOTE),
}

-- Items of one message that are shown; Wireshark itself ends at a million of a packet.
local MAX_ITEMS = 65536

local MAKERS = {
  int64 = ProtoField.int64, double = ProtoField.double, boolean = ProtoField.bool, string = ProtoField.string,
}
local named, all = {}, {}
for path, kind in pairs(FIELDS) do
  local label = path:gsub("%.text$", ""):match("[^.]+$")
  named[path] = MAKERS[kind]("tws.field." .. path, label)
  all[#all + 1] = named[path]
end
for _, one in pairs(pf) do
  all[#all + 1] = one
end
tws.fields = all
local experts = {}
for _, one in pairs(expert) do
  experts[#experts + 1] = one
end
tws.experts = experts

-- The words for a value: those of the longest end of its name that has any.
local function meaning(message_name, path, words)
  local name = message_name .. "." .. path
  while name do
    if MEANINGS[name] then
      return MEANINGS[name][words]
    end
    name = name:match("%.(.*)$")
  end
  return nil
end

local function wide(value)
  return type(value) == "number" and Int64.new(value) or value
end

-- A value as the type that its field has; nil where that cannot hold it.
local function fitting_value(node, kind)
  local value = node.value
  if kind == "string" then
    return node.words and tostring(node.words) or tostring(value)
  elseif type(value) == "boolean" then
    return Int64.new(value and 1 or 0)
  elseif type(value) == "string" or value == nil then
    return nil
  elseif kind == "double" then
    return tonumber(tostring(value))
  end
  return kind == "int64" and wide(value) or nil
end

local function words_of(value)
  if type(value) == "boolean" then
    return value and "True" or "False"
  end
  return digits_of(value)
end

local function add_value(tree, node, range, message_name)
  local textual = node.type == "s" or node.type == "u"
  local path = node.path
  if textual and FIELDS[path] ~= "string" then
    path = path .. ".text"
  end
  local value = not node.bad and FIELDS[path] and fitting_value(node, FIELDS[path]) or nil
  if not node.bad and FIELDS[path] == "boolean" then
    value = node.value
  end
  if value == nil then
    local raw = tostring(node.words or node.value)
    tree:add(pf.raw, range, node.path .. "=" .. raw):set_text(node.label .. ": " .. raw)
    return
  end
  local shown = tree:add(named[path], range, value)
  local words = node.words or words_of(node.value)
  if FIELDS[path] == "double" and node.words then
    shown:set_text(node.label .. ": " .. words) -- as it is spelled on the wire
  end
  local known = meaning(message_name, node.path, words)
  if known then
    shown:append_text(" (" .. known .. ")")
  end
end

-- Show what is inside ``node``; ``budget.left`` items may be added.
local function show(tree, node, tvb, message_name, budget)
  for _, one in ipairs(node.items) do
    if budget.left <= 0 then
      return
    end
    budget.left = budget.left - 1
    local range = one.offset and tvb(one.offset, one.length) or nil
    if one.items then
      local head = range and tree:add(pf.group, range) or tree:add(pf.group)
      head:set_text(one.is_list and ("%s: %d"):format(one.label, #one.items) or one.label)
      show(head, one, tvb, message_name, budget)
    elseif one.unset then
      tree:add(pf.unset, range, one.path):set_text(one.label .. ": unset")
    elseif one.unknown then
      tree:add(pf.unknown, range, one.value):set_text(one.label .. ": " .. one.value)
    else
      add_value(tree, one, range, message_name)
    end
  end
end

local function child(node, label)
  for _, one in ipairs(node.items) do
    if one.label == label and not one.items then
      return one
    end
  end
  return nil
end

local function add_generated(tree, field, value)
  tree:add(field, field == pf.request_id and wide(value) or value):set_generated()
end

local function severity(code)
  if SEVERITIES[code] then
    return SEVERITIES[code]
  elseif code >= 2100 and code < 2170 then
    return "notice"
  elseif code >= 1100 and code <= 1300 then
    return "warning"
  end
  return "error"
end

-- An error message is what one looks for: its code and text where a filter finds them, and an expert info.
local function show_error(tree, root)
  local code, words = child(root, "errorCode"), child(root, "errorMsg")
  local number = code and type(code.value) == "number" and code.value or nil
  if not number or number < -2147483648 or number > 2147483647 then
    return
  end
  local said = words and not words.unset and words.value or ""
  add_generated(tree, pf.error_code, number)
  add_generated(tree, pf.error_text, said)
  if ERRORS[number] then
    add_generated(tree, pf.error_meaning, ERRORS[number])
  end
  tree:add_proto_expert_info(expert[severity(number)], ("%d: %s"):format(number, said))
end

local function show_problem(tree, problem)
  add_generated(tree, pf.problem, problem)
  tree:add_proto_expert_info(expert.problem, problem)
end
