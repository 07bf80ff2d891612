// A client on the TypeScript SDK 2.x in one of its modes: stdin and stdout as era_client.py.
// argv[2]: the folder that holds the SDK's package.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const require = createRequire(pathToFileURL(process.argv[2] + "/"));
const load = (path) => import(pathToFileURL(require.resolve("@modelcontextprotocol/client" + path).replace(/\.cjs$/, ".mjs")).href);
const { Client, StreamableHTTPClientTransport, ProtocolError } = await load("");
const { StdioClientTransport } = await load("/stdio");

console.log = console.debug = console.info = console.error;		// stdout is for the answer
const job = JSON.parse(readFileSync(0, "utf8"));
const patience = { timeout: 120000 };
const out = { asked: [], results: [] };
const can = { "elicitation/create": "elicitation", "sampling/createMessage": "sampling", "roots/list": "roots" };
const capabilities = Object.fromEntries(Object.keys(job.answers).map((method) => [can[method], {}]));
const versionNegotiation = job.mode === "legacy" ? undefined : { mode: job.mode === "auto" ? "auto" : { pin: job.mode } };
const client = new Client({ name: "interop", version: "1" }, { capabilities, versionNegotiation });
for (const [method, answer] of Object.entries(job.answers))
	client.setRequestHandler(method, async (request) => {
		out.asked.push([method, request.params ?? {}]);
		return answer;
	});

async function listed(method, member) {
	const rows = [];
	for (let cursor; ;) {
		let page;
		try {
			page = await client[method](cursor ? { cursor } : {}, patience);
		} catch (error) {
			if (error instanceof ProtocolError) return rows;		// a server without such a list
			throw error;
		}
		rows.push(...page[member]);
		cursor = page.nextCursor;
		if (!cursor) return rows;
	}
}

const { command, env, url } = job.target;
await client.connect(command ? new StdioClientTransport({ command: command[0], args: command.slice(1), env, stderr: "ignore" })
	: new StreamableHTTPClientTransport(new URL(url)), patience);
out.revision = client.getNegotiatedProtocolVersion();
out.tools = await listed("listTools", "tools");
out.resources = await listed("listResources", "resources");
out.prompts = await listed("listPrompts", "prompts");
for (const [name, parameters] of job.calls) {
	try {
		out.results.push(await client.callTool({ name, arguments: parameters }, patience));
	} catch (error) {
		if (!(error instanceof ProtocolError)) throw error;
		out.results.push({ error: { code: error.code, message: error.message } });
	}
}
out.server = client.getServerVersion() ?? null;
await client.close();
process.stdout.write(JSON.stringify(out), () => process.exit(0));
