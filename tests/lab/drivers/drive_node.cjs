// A scripted session of a JavaScript client, `@stoqey/ib` or the old `ib`, found in the folder of the environment.
//
// Usage: node drive_node.cjs --modules DIR --library NAME [--port 4001] [--client-id 1] [--session connect|full]
// [--seconds 1]. Prints one JSON object a line: what the library reported and how long after the start.
"use strict";
const path = require("node:path");

const started = process.hrtime.bigint();
function tell(event, facts = {}) {
  const t = Number((process.hrtime.bigint() - started) / 1000000n) / 1000;
  process.stdout.write(JSON.stringify({ t, event, ...facts }) + "\n");
}

const options = { library: "ib", host: "127.0.0.1", port: "4001", "client-id": "1", session: "connect", seconds: "1" };
for (let i = 2; i < process.argv.length; i += 2) options[process.argv[i].slice(2)] = process.argv[i + 1];

const root = path.resolve(options.modules, "node_modules", options.library);
const loaded = require(root);
tell("library", { name: options.library, version: require(path.join(root, "package.json")).version });
const Client = loaded.IBApi || loaded;
const client = new Client({ clientId: Number(options["client-id"]), host: options.host, port: Number(options.port) });

client.on("error", (error, code) => tell("error", { text: String(error.message || error).slice(0, 300), code: Number(code) || 0 }));
client.on("info", (text, code) => tell("info", { text: String(text).slice(0, 300), code: Number(code) || 0 }));
client.on("server", (version) => tell("server", { server_version: version }));
client.on("connected", () => tell("connected"));
client.on("disconnected", () => tell("disconnected"));

function session() {
  const stoqey = options.library !== "ib";
  client.reqCurrentTime();
  client.reqManagedAccts();
  client.reqPositions();
  client.reqAccountSummary(9001, "All", stoqey ? "NetLiquidation,TotalCashValue" : ["NetLiquidation", "TotalCashValue"]);
  if (stoqey) {
    const stock = { symbol: "AAPL", secType: "STK", exchange: "SMART", currency: "USD" };
    client.reqContractDetails(9002, stock);
    client.reqMktData(9003, stock, "", false, false);
    client.reqHistoricalData(9004, stock, "", "5 D", "1 day", "TRADES", 1, 1, false);
    client.reqOpenOrders();
    setTimeout(() => client.cancelMktData(9003), 500);
  }
}

client.once("nextValidId", (orderId) => {
  tell("next_valid_id", { order_id: orderId });
  if (options.session === "full") session();
});
client.connect();
setTimeout(() => {
  client.disconnect();
  tell("disconnect_called");
  setTimeout(() => process.exit(0), 300);
}, Number(options.seconds) * 1000);
