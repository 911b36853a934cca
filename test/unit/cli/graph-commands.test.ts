/** The graph on the command line, against the real application. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { dependency, stateText } from "../../support/graph-states.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";
import { adminToken, createTestApp, lockInfo, type TestApp } from "../../surface/test-app.ts";
import { type TerminalOptions, taco } from "./terminal.ts";

let app: TestApp;
let server: Bun.Server<undefined>;
let folder: TemporaryDirectory;
let serial = 0;

async function apply(unit: string, outputs: object) {
	const ID = `apply-${++serial}`;
	const body = JSON.stringify({ ...lockInfo, ID });
	await app.send("LOCK", `/v1/backend/${unit}`, { body });
	const state = stateText(serial, unit, { outputs: { ...outputs } });
	await app.send("POST", `/v1/backend/${unit}?ID=${ID}`, { body: state });
	await app.send("UNLOCK", `/v1/backend/${unit}`, { body });
}

async function cli(argv: readonly string[], more: Partial<TerminalOptions> = {}) {
	const env = {
		OPENTACO_SERVER: `http://127.0.0.1:${server.port}`,
		OPENTACO_TOKEN: adminToken,
		HOME: folder.path,
		...more.env,
	};
	return await taco(argv, { cwd: folder.path, ...more, env });
}

const words = (line: string) => line.split(" ");

beforeEach(async () => {
	folder = await temporaryDirectory("cli-graph");
	app = createTestApp();
	server = Bun.serve({
		...{ port: 0, hostname: "127.0.0.1", development: false },
		fetch: (request) => app.app.fetch(request),
	});
	await app.send("GET", "/v1/status");
	await app.send("POST", "/v1/units", { body: '{"id":"__opentaco_system"}' });
	const resources = [
		dependency("ab", "net/vpc", "id", "app/api"),
		dependency("bc", "app/api", "url", "app/web"),
		dependency("bad", "net/vpc", "id", "net/vpc"),
	];
	await app.send("POST", "/v1/backend/__opentaco_system", {
		body: stateText(1, "system", { resources }),
	});
	for (const unit of ["net/vpc", "app/api", "app/web", "lonely"]) {
		await apply(unit, { id: 1, url: "u" });
	}
});
afterEach(async () => {
	await server.stop(true);
	await app[Symbol.asyncDispose]();
	await folder.remove();
});

describe("when everything is up to date", () => {
	test("the gate is open and nothing is stale", async () => {
		expect((await cli(words("unit status --exit-code"))).code).toBe(0);
		expect(await cli(words("graph order --stale"))).toEqual({
			code: 0,
			out: "",
			err: "Everything is up to date\n",
		});
	});
});

describe("when an output has changed", () => {
	beforeEach(() => apply("net/vpc", { id: 2, url: "u" }));

	test("status names what needs re-apply and what might", async () => {
		const { code, out, err } = await cli(words("unit status --prefix app/"));
		expect(code).toBe(0);
		expect(out).toBe(
			[
				"UNIT     STATUS               PENDING  FIRST OFFENDER",
				"app/api  needs re-apply             1  net/vpc/id",
				"app/web  might need re-apply           app/api",
				"",
			].join("\n"),
		);
		expect(err).toBe("0 up to date, 1 needs re-apply, 1 might need it\n");
	});

	test("status is coloured on a terminal, and never with NO_COLOR or in a pipe", async () => {
		const red = "\u001b[31mneeds re-apply     \u001b[0m";
		const line = words("unit status --prefix app/");
		expect((await cli(line, { columns: 80 })).out).toContain(`app/api  ${red}        1`);
		for (const more of [{ columns: 80, env: { NO_COLOR: "1" } }, { columns: null }]) {
			expect((await cli(line, more)).out).not.toContain("\u001b");
		}
		for (const row of (await cli(line, { columns: 40 })).out.split("\n")) {
			expect(Bun.stringWidth(row)).toBeLessThanOrEqual(40);
		}
	});

	test("the gate closes with a code of its own", async () => {
		expect((await cli(words("unit status --exit-code"))).code).toBe(9);
		expect((await cli(words("unit status app/web --exit-code"))).code).toBe(9);
		expect((await cli(words("unit status net/vpc --exit-code"))).code).toBe(0);
		expect((await cli(words("unit status nowhere --exit-code"))).code).toBe(3);
		expect((await cli(words("unit status --prefix nowhere/ --exit-code"))).code).toBe(3);
		expect((await cli(words("unit status --prefix nowhere/"))).code).toBe(0);
		expect((await cli(words("unit status app/web --prefix x"))).code).toBe(2);
	});

	test("one unit is explained", async () => {
		const { out, err } = await cli(words("unit status app/api"));
		expect(err).toEndWith("after a plan without changes: taco unit ack app/api\n");
		expect(out).toContain("app/api: needs re-apply\n  net/vpc#id has changed\n");
		expect(out).toMatch(
			/USES\s+STATUS\s+KNOWN BY\s+UPSTREAM WRITTEN\nnet\/vpc\/id\s+pending\s+declared/,
		);
		expect(out).toMatch(/USED BY\s+STATUS.*\napp\/web \(url\)\s+ok/);
	});

	test("JSON is the API's", async () => {
		const one = JSON.parse((await cli(words("unit status app/api -o json"))).out);
		expect(one).toMatchObject({ unit_id: "app/api", status: "red" });
		expect(one.incoming[0]).toMatchObject({ from_unit_id: "net/vpc", status: "pending" });
		const all = JSON.parse((await cli(words("unit status --json"))).out);
		expect(all.counts).toEqual({ green: 3, yellow: 1, red: 1, unknown: 0 });
		expect(all.units[0].incoming).toBeArray();
	});

	test("the tree shows who hangs on whom", async () => {
		const { out, err } = await cli(["graph"]);
		expect(out).toBe(
			[
				"net/vpc          up to date",
				"└── app/api      needs re-apply  id",
				"    └── app/web  might need re-apply  url",
				"",
			].join("\n"),
		);
		expect(err).toContain("2 more units without edges");
		expect(err).toContain("opentaco_dependency.bad declares no edge");
	});

	test("DOT and SVG go to stdout or into a file", async () => {
		expect((await cli(words("graph --dot"))).out).toContain('"net/vpc" -> "app/api" [label="id"');
		const { out } = await cli(words("graph show --svg --prefix net/"));
		expect(out).toStartWith("<svg ");
		expect(out).toContain("needs re-apply");
		expect(out).not.toMatch(/href=|url\((?!#)|<script/);
		const written = await cli(words("graph --svg -f g.svg"));
		expect(written.err).toContain("Written to g.svg");
		expect(await Bun.file(join(folder.path, "g.svg")).text()).toStartWith("<svg ");
		expect((await cli(words("graph --svg --dot"))).code).toBe(2);
		expect((await cli(words("graph -f x"))).code).toBe(2);
		expect((await cli(words("graph nonsense"))).code).toBe(2);
		expect((await cli(words("graph --help"))).out).toContain("order");
	});

	test("order and blast name waves", async () => {
		const order = await cli(words("graph order --stale"));
		expect(order.out).toBe(
			[
				"WAVE  UNIT     STATUS               NOTE",
				"   1  app/api  needs re-apply",
				"   2  app/web  might need re-apply",
				"",
			].join("\n"),
		);
		const blast = await cli(words("blast net/vpc#id"));
		expect(blast.out).toContain("   1  app/api  id");
		expect(blast.out).toContain("   2  app/web  (through others)");
		expect(blast.err).toBe("1 unit directly, 1 unit more through others\n");
		expect((await cli(words("blast net/vpc#url"))).err).toBe("Nothing depends on it\n");
		expect((await cli(words("blast net/vpc#tpyo"))).err).toBe(
			"Nothing depends on it, and net/vpc has no output of this name\n",
		);
		expect((await cli(words("blast nowhere"))).code).toBe(3);
		expect(JSON.parse((await cli(words("blast net/vpc --json"))).out).count).toBe(2);
	});

	test("a unit that needs no apply is acknowledged by hand", async () => {
		expect(await cli(words("unit ack app/api"))).toEqual({
			code: 0,
			out: "app/api: up to date\n",
			err: "Acknowledged: net/vpc#id\n",
		});
		expect((await cli(words("unit ack app/api"))).err).toBe("Nothing to acknowledge\n");
		const shown = JSON.parse((await cli(words("unit ack app/api --json"))).out);
		expect(shown).toMatchObject({ unit_id: "app/api", status: "green" });
		expect((await cli(words("unit ack nowhere"))).code).toBe(3);
	});
});

test("a configuration in another unit than the server's system unit is told to declare no edges", async () => {
	const usual = await cli(words("provider init usual"));
	expect(usual.err).not.toContain("warning");
	expect(usual.out).toContain("Scaffolded");
	const other = await cli(words("provider init other --system-unit platform/state"));
	expect(other.code).toBe(0);
	expect(other.err).toContain("the server takes edges from __opentaco_system alone");
	expect(other.err).toContain("OPENTACO_SYSTEM_UNIT=platform/state");
});

test("names of outputs write no control sequences on a terminal", async () => {
	const values = { "\u001b]0;CANARY\u0007": 1, "\u202eesrever": 2 };
	const reading = {
		...{ mode: "data", type: "opentaco_outputs", name: "r", provider: "p" },
		instances: [{ attributes: { unit_id: "net/vpc", values } }],
	};
	const outputs = { "a\nforged": "\u001b[2J" };
	const state = stateText(++serial, "hostile", { outputs, resources: [reading] });
	await app.send("POST", "/v1/backend/hostile", { body: state });
	const shown = (await cli(["unit", "output", "hostile"])).out;
	expect(shown).toContain("a\\u000aforged = ");
	expect(shown).not.toMatch(/\u001b|^forged/m);
	const commands = [
		["graph"],
		["graph", "--dot"],
		["unit", "status"],
		["unit", "status", "hostile"],
	];
	for (const argv of commands) {
		const { out } = await cli(argv);
		expect(out).toContain("hostile");
		expect(out.replaceAll(/\u001b\[[0-9;]*m/g, "")).not.toMatch(/[\u001b\u0007]/);
		if (!argv.includes("--dot")) expect(out).not.toContain("\u202e");
	}
});
