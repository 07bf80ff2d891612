// Plays a script (script.py) with the TypeScript SDK and prints what it heard: stdin and stdout as sdk_client.py.
// argv[2]: the folder that holds the SDK's package.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { readFileSync } from "node:fs";

const require = createRequire(pathToFileURL(process.argv[2] + "/"));
const sdk = (path) => import(pathToFileURL(require.resolve("@modelcontextprotocol/sdk/" + path)).href);
const { Client } = await sdk("client/index.js");
const { StdioClientTransport } = await sdk("client/stdio.js");
const { StreamableHTTPClientTransport } = await sdk("client/streamableHttp.js");
const { SSEClientTransport } = await sdk("client/sse.js");
const types = await sdk("types.js");

const job = JSON.parse(readFileSync(0, "utf8"));
const events = [], waiting = new Set(), kept = {};
const PATIENCE_MS = 120000;
let now = 0, questions = { ...job.questions };

const RESULTS = {
	"ping": types.EmptyResultSchema, "tools/list": types.ListToolsResultSchema, "tools/call": types.CallToolResultSchema,
	"prompts/list": types.ListPromptsResultSchema, "prompts/get": types.GetPromptResultSchema,
	"resources/list": types.ListResourcesResultSchema, "resources/templates/list": types.ListResourceTemplatesResultSchema,
	"resources/read": types.ReadResourceResultSchema, "resources/subscribe": types.EmptyResultSchema,
	"resources/unsubscribe": types.EmptyResultSchema, "logging/setLevel": types.EmptyResultSchema,
	"completion/complete": types.CompleteResultSchema, "tasks/get": types.GetTaskResultSchema,
	"tasks/list": types.ListTasksResultSchema, "tasks/cancel": types.CancelTaskResultSchema,
};

function add(what, message) {
	events.push({ step: now, stream: "sdk", what, message });
	for (const look of waiting) look();
}

const count = (method) => events.filter((e) => e.step === now && e.message.method === method).length;

function until(condition, seconds = job.wait) {
	return new Promise((resolve) => {
		const timer = setTimeout(done, seconds * 1000);
		function done() { clearTimeout(timer); waiting.delete(look); resolve(); }
		function look() { if (condition()) done(); }
		waiting.add(look);
		look();
	});
}

function filled(value) {
	if (Array.isArray(value)) return value.map(filled);
	if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, filled(v)]));
	return typeof value === "string" && value.startsWith("$") ? kept[value.slice(1)] ?? value : value;
}

async function ask(method, params, options = {}) {
	const schema = params?.task ? types.CreateTaskResultSchema : RESULTS[method] ?? types.ResultSchema;
	try {
		const result = await client.request({ method, params: filled(params) }, schema, { timeout: PATIENCE_MS, ...options });
		add("answer", { result });
		return result;
	} catch (error) {
		if (options.signal?.aborted) return {};
		if (error instanceof types.McpError) add("answer", { error: { code: error.code, message: error.message, data: error.data } });
		else add("answer", { "not understood": String(error).split("\n")[0] });
		return {};
	}
}

const progress = () => {};		// asks for it; the handler below hears it

async function cancelled(method, params) {
	const abort = new AbortController();
	const call = ask(method, params, { onprogress: progress, signal: abort.signal });
	await until(() => count("notifications/progress") > 0);
	abort.abort("changed my mind");
	await call;
}

async function say(step) {
	Object.assign(questions, step.answers_from_now ?? {});
	if (step.initialize) {
		await client.connect(transport, { timeout: PATIENCE_MS });
		add("answer", { result: { capabilities: client.getServerCapabilities(), instructions: client.getInstructions() } });
	} else if (step.pages) {
		let [method, params] = step.pages;
		for (let i = 0; i < 50; i++) {
			const { nextCursor } = await ask(method, params);
			if (!nextCursor) break;
			params = { ...step.pages[1], cursor: nextCursor };
		}
	} else if (step.cancel) {
		await cancelled(...step.request);
	} else if (step.request) {
		const result = await ask(...step.request, step.progress ? { onprogress: progress } : {});
		for (const [name, path] of Object.entries(step.keep ?? {}))
			kept[name] = path.split(".").reduce((value, part) => value?.[part], result) ?? {};
	}
	await Promise.all((step.together ?? []).map((request) => ask(...request)));
	if (step.notify && step.notify[0] !== "notifications/initialized")
		await client.notification({ method: step.notify[0], ...(step.notify[1] ? { params: step.notify[1] } : {}) });
	await until(() => false, step.pause ?? 0);
	await until(() => Object.entries(step.until ?? {}).every(([method, n]) => count(method) >= n));
}

const target = job.target;
const transport = target.command
	? new StdioClientTransport({ command: target.command[0], args: target.command.slice(1), env: target.env, stderr: "ignore" })
	: new (target.transport === "sse" ? SSEClientTransport : StreamableHTTPClientTransport)(new URL(target.url));
const client = new Client({ name: "interop", version: "1" }, { capabilities: job.capabilities });
// The SDK's own handler forgets progress that is read together with its answer.
client.setNotificationHandler(types.ProgressNotificationSchema, ({ method, params }) => add("notification", { method, params }));
client.fallbackNotificationHandler = async ({ method, params }) => add("notification", { method, params });
for (const [method, schema] of [["roots/list", types.ListRootsRequestSchema], ["elicitation/create", types.ElicitRequestSchema],
	["sampling/createMessage", types.CreateMessageRequestSchema]])
	client.setRequestHandler(schema, async ({ params }, { requestId }) => {
		add("question", { id: requestId, method, params: params ?? {} });
		const answer = { ...questions, ...(job.steps[now]?.answers ?? {}) }[method];
		if (Object.keys(answer).join() === "error") throw new types.McpError(answer.error.code, answer.error.message, answer.error.data);
		return answer;
	});

try {
	for (now = 0; now < job.steps.length; now++) {
		let timer;
		await Promise.race([say(job.steps[now]), new Promise((_, no) => { timer = setTimeout(() => no(new Error("30 s")), 30000); })]);
		clearTimeout(timer);
	}
} catch (error) {
	add("end", { error: String(error) });
}
process.stdout.write(JSON.stringify(events), () => process.exit(0));
