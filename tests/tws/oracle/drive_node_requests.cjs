// Run with the node environment: call every request method of @stoqey/ib's encoder, or of the old ib's, and print
// what went in and what went out.
//
// The same output as drive_ibapi_requests.py. The types of arguments are read off @stoqey/ib's declarations; ib
// (0.2.9), its forerunner for sessions without frames, has the same names but for a few.
//
//     drive_node_requests.cjs LIBRARY SEED SAMPLES FIRST_VERSION LAST_VERSION
"use strict";
const fs = require("fs");
const path = require("path");
const dist = path.join(path.dirname(require.resolve("@stoqey/ib/package.json")), "dist");
const { Encoder } = require(path.join(dist, "core/io/encoder.js"));
const conditions = ["price", "time", "margin", "execution", "volume", "percent-change"].map(
  (name) => require(path.join(dist, `api/order/condition/${name}-condition.js`)).default,
);

let serverVersion = 0;
let state = 1;
const random = () => {
  // xorshift32: the same values for the same seed on every machine
  state ^= state << 13; state >>>= 0;
  state ^= state >>> 17;
  state ^= state << 5; state >>>= 0;
  return state / 4294967296;
};
const below = (limit) => Math.floor(random() * limit);
const choose = (list) => list[below(list.length)];
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -./:,_@#+()[]{}<>&'\"|~^%$!?*`=éß";
const string = () => Array.from({ length: choose([0, 1, 5, 8, 60]) }, () => choose(LETTERS)).join("");
const integer = () => choose([0, 1, 2147483646, below(1e6), below(1e6), below(1e6)]);
const number = () => choose([0, -1.5, 1e-7, 1e22, below(5e6) / 1000, below(5e6) / 1000]);
const tags = () => ["alpha", "beta", "gamma"].filter(() => random() < 0.5).map((tag) => ({ tag, value: `v${below(999)}` }));

const properties = (file) => {
  const text = fs.readFileSync(path.join(dist, file), "utf8");
  return [...text.matchAll(/^    (\w+)\??: ([^;]+);/gm)].map((found) => [found[1], found[2]]);
};
const DECLARED = {
  contract: properties("api/contract/contract.d.ts"),
  order: properties("api/order/order.d.ts"),
  comboLeg: properties("api/contract/comboLeg.d.ts"),
  filter: properties("api/report/executionFilter.d.ts"),
  subscription: properties("api/market/scannerSubscription.d.ts"),
  orderCancel: properties("api/order/orderCancel.d.ts"),
  wshEventData: properties("api/contract/wsh.d.ts"),
};
const SPECIAL = {
  secType: () => choose(["STK", "OPT", "FUT", "BAG", "BAG"]),
  exchange: () => choose(["SMART", "IBKRATS", "CME"]),
  orderType: () => choose(["LMT", "MKT", "VOL", "PEG BENCH", "PEG MID", "PEG BEST"]),
  comboLegs: () => [0, 1].map(() => fill("comboLeg")),
  orderComboLegs: () => [0, 1].map(() => ({ price: number() })),
  deltaNeutralContract: () => (random() < 0.5 ? undefined : { conId: integer(), delta: 0.25, price: 1.5 }),
  deltaNeutralOrderType: () => choose(["", "MKT"]),
  hedgeType: () => choose(["", "D"]),
  algoStrategy: () => choose(["", "Vwap"]),
  algoParams: tags,
  smartComboRoutingParams: tags,
  orderMiscOptions: () => undefined,
  softDollarTier: () => ({ name: string(), value: string() }),
  conditions: () => [0, 1].map(condition),
  scalePriceIncrement: () => choose([undefined, 0.05, 2]), // it writes the group of seven for 0 too
  competeAgainstBestOffset: () => 0.02,
  clientId: () => String(below(100)),
  openClose: (kind) => (kind === "comboLeg" ? below(4) : choose(["O", "C"])),
  manualOrderIndicator: () => (serverVersion < 192 ? undefined : below(2)), // it writes unset there, whatever it is given
  totalLimit: () => below(100),
  scanCode: () => undefined, // it writes the name of a number
  continuousUpdate: () => choose([0, 1]),
  multiplier: () => choose([50, 100, undefined]),
  side: () => choose(["BUY", "SELL"]),
};
const INTEGERS = /[iI]d$|Size|Qty|Type|Method|Slot|Code|Unit|Interval|Position|ratio|origin|duration|postToAts|Rows|Indicator|Strategy/;
function condition() {
  const made = new (choose(conditions))();
  for (const name of Object.keys(made)) {
    if (name === "type") continue;
    if (name === "conjunctionConnection") made[name] = choose(["a", "o"]);
    else if (name === "isMore") made[name] = random() < 0.5;
    else if (name === "price" || name === "percent" || name === "changePercent") made[name] = below(100);
    else if (name === "conId" || name === "volume" || name === "triggerMethod") made[name] = below(1000);
    else made[name] = string();
  }
  return made;
}
function fill(kind) {
  const made = {};
  for (const [name, type] of DECLARED[kind]) {
    if (random() < 0.15) made[name] = undefined;
    else if (SPECIAL[name]) made[name] = SPECIAL[name](kind);
    else if (type === "boolean") made[name] = random() < 0.5;
    else if (type === "number") made[name] = INTEGERS.test(name) ? integer() : number();
    else if (type === "string") made[name] = string();
    else if (/^[A-Z]\w+$/.test(type)) made[name] = /Type|Slot|Unit|Method/.test(name) ? below(4) : choose(["GTC", "BUY"]);
  }
  return made;
}
const FLAGS = new Set(["snapshot", "regulatorySnapshot", "isSmartDepth", "allMsgs", "bAutoBind", "subscribe", "useRTH",
  "useRth", "keepUpToDate", "override", "ledgerAndNLV", "ignoreSize", "apiOnly", "professionalCustomer"]);
const WHOLE = new Set(["id", "reqId", "orderId", "numRows", "numIds", "logLevel", "faDataType", "formatDate", "barSize",
  "marketDataType", "groupId", "marketRuleId", "conId", "totalResults", "numberOfTicks", "exerciseAction",
  "exerciseQuantity", "underlyingConId", "tickerId"]);
function argument(name) {
  if (DECLARED[name]) return fill(name);
  if (/Options$/.test(name)) return tags();
  if (FLAGS.has(name)) return random() < 0.5;
  if (WHOLE.has(name)) return name === "faDataType" ? choose([1, 3]) : integer();
  if (["optionPrice", "underPrice", "volatility"].includes(name)) return number();
  return string();
}

const NOT_REQUESTS = new Set(["constructor", "sendMsg", "emitError", "encodeContract", "encodeTagValues",
  "encodeReqTickByTickData", "serverVersion", "_send"]);
const names = (method) => {
  const list = /\(([^)]*)\)/.exec(method.toString().replace(/\/\*[^]*?\*\/|\/\/.*$/gm, ""))[1];
  return list.split(",").map((part) => part.split("=")[0].trim()).filter(Boolean);
};
const flat = (tokens) => tokens.flat(Infinity).map((value) => (typeof value === "boolean" ? (value ? 1 : 0) : value));
const shown = (value) => {
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 53 ? value : { float: String(value) };
  if (value === undefined) return null;
  if (value && typeof value === "object") {
    const entries = Object.entries(value).map(([name, inner]) =>
      name === "conjunctionConnection" ? ["isConjunctionConnection", inner === "a"] : [name, shown(inner)]);
    return Object.fromEntries(entries);
  }
  return value;
};

const [seed, samples, first, last] = process.argv.slice(3, 7).map(Number);
const old = process.argv[2] === "ib";
const prototype = old ? require("ib/lib/outgoing.js").prototype : Encoder.prototype;
const LARGEST = new Set(["scaleInitLevelSize", "scaleSubsLevelSize", "scalePriceIncrement", "trailingPercent"]);
const OLD_NAMES = { lastTradeDateOrContractMonth: "expiry", deltaNeutralContract: "underComp" };
const translated = (value) => {
  // the old library knows two attributes by other names, and takes the largest double for unset
  if (!old || !value || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) =>
    [OLD_NAMES[name] ?? name, inner === undefined && LARGEST.has(name) ? Number.MAX_VALUE : inner]));
};
function encoderFor(version, keep) {
  if (!old) return new Encoder({ serverVersion: version, sendMsg: keep, emitError: () => {} });
  const made = Object.create(prototype);
  made._controller = { _serverVersion: version, emitError: () => {} };
  made._send = (...tokens) => keep(tokens);
  return made;
}
for (const name of Object.getOwnPropertyNames(prototype)) {
  if (NOT_REQUESTS.has(name)) continue;
  for (let version = first; version <= last; version++) {
    serverVersion = version;
    state = (seed * 7919 + version * 104729 + name.length * 31 + name.charCodeAt(3)) >>> 0 || 1;
    for (let sample = 0; sample < samples * (name === "placeOrder" ? 4 : 1); sample++) {
      let sent = null;
      const encoder = encoderFor(version, (tokens) => { sent = tokens; });
      let given;
      for (let attempt = 0; attempt < 30 && sent === null; attempt++) {
        const parameters = names(encoder[name]);
        given = Object.fromEntries(parameters.map((parameter) => [parameter, argument(parameter)]));
        if (attempt > 5) {
          for (const value of Object.values(given)) {
            if (value && typeof value === "object" && !Array.isArray(value)) {
              for (const key of Object.keys(value)) if (random() < attempt / 20) value[key] = undefined;
            }
          }
          for (const key of Object.keys(given)) {
            if (typeof given[key] === "string" && attempt > 10) given[key] = "";
            if (FLAGS.has(key) && attempt > 10) given[key] = false;
            if (key === "numberOfTicks" && attempt > 10) given[key] = 0;
          }
        }
        try { encoder[name](...parameters.map((parameter) => translated(given[parameter]))); } catch { sent = null; }
      }
      if (sent === null) continue;
      const text = flat(sent).join("\0") + "\0";
      process.stdout.write(JSON.stringify({
        method: name, version, arguments: shown(given), frame: "00000000" + Buffer.from(text, "utf8").toString("hex"),
      }) + "\n");
    }
  }
}
