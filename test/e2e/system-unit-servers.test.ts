/** Live values in the system unit's state when a server is killed, and when two work on one store. */
import { expect, test } from "bun:test";
import { runTaco } from "../support/executable.ts";
import { freePort } from "../support/foreign-s3.ts";
import { stateText } from "../support/graph-states.ts";
import { adminToken, type RunningServer, startServer } from "../support/server.ts";
import { edgeState } from "../support/system-unit.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";
import { until } from "../support/until.ts";

const unit = "__opentaco_system";
const longTimeoutMs = 120_000;
const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };

async function send(server: RunningServer, method: string, path: string, body?: string) {
	const response = await fetch(`${server.url}${path}`, {
		method,
		headers,
		...(body === undefined ? {} : { body }),
	});
	const text = await response.text();
	if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
	return text;
}

/** An apply: lock, write, unlock. */
async function apply(server: RunningServer, id: string, text: string): Promise<void> {
	const path = `/v1/backend/${id}`;
	const lock = JSON.stringify({ ID: crypto.randomUUID(), Operation: "OperationTypeApply" });
	await send(server, "LOCK", path, lock);
	await send(server, "POST", `${path}?ID=${JSON.parse(lock).ID}`, text);
	await send(server, "UNLOCK", path, lock);
}

const outputs = (serial: number, value: string) =>
	stateText(serial, "line", { outputs: { o: value } });

async function shownBy(server: RunningServer, id = unit): Promise<Record<string, string | null>> {
	const state = JSON.parse(await send(server, "GET", `/v1/backend/${id}`));
	return state.resources[0].instances[0].attributes;
}

const isShown = async (server: RunningServer, expected: Record<string, string | null>) => {
	const shown = await shownBy(server);
	return Object.entries(expected).every(([name, value]) => shown[name] === value);
};

/** The edge from `a` to `b`, with both units there. */
async function begin(server: RunningServer): Promise<void> {
	await send(server, "POST", "/v1/units", JSON.stringify({ id: unit }));
	await apply(server, unit, edgeState(1));
	await apply(server, "a", outputs(1, "one"));
	await apply(server, "b", outputs(1, "b"));
	await until(() => isShown(server, { status: "ok" }));
}

async function expectWhole(cwd: string): Promise<void> {
	const { stdout, exitCode } = await runTaco(["doctor", "--json", "--deep"], { cwd });
	const { findings } = JSON.parse(stdout) as { findings: { code: string; severity: string }[] };
	expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
	expect(exitCode).toBe(0);
}

test(
	"what a kill left undone is made up for after the start",
	async () => {
		await using folder = await temporaryDirectory("system-unit");
		const port = await freePort();
		let server = await startServer({ cwd: folder.path, port });
		await begin(server);
		const before = await shownBy(server);
		// Right after the answer: the server waits a moment before it writes what has changed.
		await apply(server, "a", outputs(2, "two"));
		await server.kill();
		server = await startServer({ cwd: folder.path, port });
		await until(() => isShown(server, { status: "pending" }));
		const after = await shownBy(server);
		expect(after.in_digest).not.toBe(before.in_digest ?? "");
		expect(after.out_digest).toBe(before.in_digest ?? "");
		await apply(server, "b", outputs(2, "b"));
		await until(() => isShown(server, { status: "ok", out_digest: after.in_digest ?? "" }));
		await server.stop();
		await expectWhole(folder.path);
	},
	longTimeoutMs,
);

test(
	"the system unit may be another one; then the reserved one is a unit like others",
	async () => {
		await using folder = await temporaryDirectory("system-unit");
		const env = { OPENTACO_SYSTEM_UNIT: "platform/graph" };
		await using server = await startServer({ cwd: folder.path, env });
		await send(server, "POST", "/v1/units", JSON.stringify({ id: unit }));
		await apply(server, unit, edgeState(1));
		await apply(server, "platform/graph", edgeState(1));
		await apply(server, "a", outputs(1, "one"));
		await apply(server, "b", outputs(1, "b"));
		await until(async () => (await shownBy(server, "platform/graph")).status === "ok");
		expect(await shownBy(server)).toMatchObject({ status: "unknown", in_digest: null });
	},
	longTimeoutMs,
);

test(
	"two servers show the same, each after what the other one took",
	async () => {
		await using folder = await temporaryDirectory("system-unit");
		await using first = await startServer({ cwd: folder.path });
		await using second = await startServer({ cwd: folder.path });
		await begin(first);
		const edgesOf = async () => JSON.parse(await send(second, "GET", "/v1/graph")).edges;
		await until(async () => (await edgesOf()).length === 1);
		await apply(second, "a", outputs(2, "two"));
		await until(() => isShown(first, { status: "pending" }));
		expect(await shownBy(second)).toEqual(await shownBy(first));
		// A lock that one of them took keeps both away; both may be the one that catches up.
		const lock = JSON.stringify({ ID: "held", Operation: "OperationTypeApply" });
		await send(first, "LOCK", `/v1/backend/${unit}`, lock);
		await apply(second, "b", outputs(2, "b"));
		const { status } = JSON.parse(await send(second, "GET", "/v1/units/b/status"));
		expect(status).toBe("green");
		expect(await isShown(second, { status: "pending" })).toBe(true);
		await send(second, "UNLOCK", `/v1/backend/${unit}`, lock);
		await until(() => isShown(first, { status: "ok" }));
		expect(await shownBy(second)).toEqual(await shownBy(first));
		const { versions } = JSON.parse(await send(first, "GET", `/v1/units/${unit}/versions`));
		expect(versions).toHaveLength(1);
		await expectWhole(folder.path);
	},
	longTimeoutMs,
);
