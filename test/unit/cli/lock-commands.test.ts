import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";
import { FakeServer, type Fault, failure } from "./fake-server.ts";
import { type Finished, start, type TerminalOptions, taco } from "./terminal.ts";

let server: FakeServer;
let folder: TemporaryDirectory;

beforeEach(async () => {
	server = new FakeServer();
	folder = await temporaryDirectory("cli");
});
afterEach(async () => {
	await server.stop();
	await folder.remove();
});

function options(more: Partial<TerminalOptions> = {}): TerminalOptions {
	const { env, ...rest } = more;
	return {
		cwd: folder.path,
		env: { HOME: folder.path, USER: "alice", OPENTACO_SERVER: server.url, ...env },
		...rest,
	};
}

function unit(...words: string[]): Promise<Finished> {
	return taco(["unit", ...words], options());
}

const mode = async (...path: string[]): Promise<string> =>
	((await stat(join(folder.path, ...path))).mode & 0o777).toString(8);
const file = (name: string): string => join(folder.path, name);
const read = (name: string): Promise<string> => readFile(file(name), "utf8");

async function savedLocks(): Promise<string[]> {
	try {
		const all = await readdir(file(".taco"), { recursive: true });
		return all.filter((name) => name.endsWith(".lock"));
	} catch {
		return [];
	}
}

describe("locks", () => {
	test("lock saves its id 0600 in a 0700 folder, and unlock removes it", async () => {
		server.unit("a/b");
		const locked = await unit("lock", "a/b", "--who", "carol", "--info", "moving");
		const held = server.units.get("a/b")?.lock;
		expect(locked.out).toBe(`Unit locked: a/b (lock ID: ${held?.id})\n`);
		expect(held).toMatchObject({ who: "carol", info: "moving", operation: "taco unit lock" });
		const [saved = ""] = await savedLocks();
		expect(saved).toMatch(/^[0-9a-f]{16}\/a__b\.lock$/);
		expect(await mode(".taco")).toBe("700");
		expect(await mode(".taco", saved)).toBe("600");
		expect(await read(join(".taco", ".gitignore"))).toBe("*\n");
		expect((await unit("unlock", "a/b")).out).toBe("Unit unlocked: a/b\n");
		expect(server.units.get("a/b")?.lock).toBeUndefined();
		expect(await savedLocks()).toEqual([]);
	});

	test("who says user@host by default", async () => {
		server.unit("a");
		await unit("lock", "a");
		expect(server.units.get("a")?.lock?.who).toMatch(/^alice@.+/);
		server.unit("b");
		await taco(["unit", "lock", "b"], options({ env: { USER: "" } }));
		expect(server.units.get("b")?.lock?.who).toMatch(/^(?!unknown).+@.+/);
	});

	test("a lock that is refused is not saved, and a held one stays saved", async () => {
		server.unit("a");
		server.lockOf("a", "l1");
		const refused = await unit("lock", "a");
		expect(refused.code).toBe(4);
		expect(refused.err).toContain("lock id:    l1");
		expect(await savedLocks()).toEqual([]);
	});

	test("ids are kept apart by server", async () => {
		const other = new FakeServer();
		try {
			server.unit("a");
			other.unit("a");
			await unit("lock", "a");
			await taco(["unit", "lock", "a", "--server", `${other.url}/`], options());
			expect((await savedLocks()).length).toBe(2);
			await unit("unlock", "a");
			expect(other.units.get("a")?.lock).toBeDefined();
			expect((await savedLocks()).length).toBe(1);
		} finally {
			await other.stop();
		}
	});

	test("unlock without any id says what to do; with one it needs no file", async () => {
		server.unit("a");
		server.lockOf("a", "l1");
		const missing = await unit("unlock", "a");
		expect(missing.code).toBe(3);
		expect(missing.err).toContain("no lock ID found for unit a - was it acquired?");
		expect((await unit("unlock", "a", "l2")).code).toBe(4);
		expect((await unit("unlock", "a", "l1")).code).toBe(0);
	});

	test("a saved id whose lock was broken stops a push, and unlock forgets it", async () => {
		server.unit("a");
		await writeFile(file("s"), "{}");
		await unit("lock", "a");
		server.lockOf("a", "of-somebody-else");
		expect((await unit("push", "a", "s")).code).toBe(4);
		expect((await unit("unlock", "a")).code).toBe(4);
		expect(await savedLocks()).toEqual([]);
	});

	test("a lock whose answer never came keeps its id", async () => {
		server.unit("a");
		const lost = async (_: unknown, after: () => Promise<Response>): Promise<Response> => {
			await after();
			return new Promise(() => undefined);
		};
		server.faults.push(lost);
		const unknown = await unit("lock", "a", "--timeout", "50ms");
		expect(unknown.code).toBe(7);
		expect(unknown.err).toContain(server.units.get("a")?.lock?.id ?? "?");
		expect((await unit("unlock", "a")).code).toBe(0);
		expect(server.units.get("a")?.lock).toBeUndefined();
	});

	test("force-unlock asks on a terminal and needs --yes without one", async () => {
		server.unit("a");
		server.lockOf("a", "l1");
		const refused = await unit("force-unlock", "a");
		expect(refused.code).toBe(2);
		expect(refused.err).toContain("--yes");
		const asked = await taco(["unit", "force-unlock", "a"], options({ columns: 80, stdin: "y\n" }));
		expect(asked.err).toContain("Break the lock of bob@desk on a");
		expect(asked.out).toBe("Unit unlocked: a (was held by bob@desk, lock ID: l1)\n");
		expect(JSON.parse(new TextDecoder().decode(server.requests.at(-1)?.body))).toEqual({
			id: "l1",
		});
		server.lockOf("a", "l2");
		expect((await unit("force-unlock", "a", "--yes")).code).toBe(0);
		expect((await unit("force-unlock", "a", "--yes")).out).toBe("Unit was not locked: a\n");
	});

	test("who lists held locks", async () => {
		expect((await unit("who")).err).toBe("No locks are held\n");
		server.unit("a");
		server.unit("b");
		server.lockOf("b", "l1");
		expect((await unit("who")).out).toBe(
			"UNIT  HOLDER    SINCE                 SURFACE       OPERATION           LOCK-ID\n" +
				"b     bob@desk  2026-01-02T03:04:05Z  http-backend  OperationTypeApply  l1\n",
		);
		expect((await unit("who", "a")).out).toBe("");
		expect(JSON.parse((await unit("who", "--json")).out)).toMatchObject({ count: 1 });
	});

	test("who asks about one unit by its name, since lists may be late", async () => {
		const held = server.unit("a");
		server.unit("a/b");
		server.lockOf("a/b", "l2");
		const count = async (prefix: string) =>
			JSON.parse((await unit("who", prefix, "--json")).out).count;
		const lateList: Fault = async (_, answer) => {
			const before = await answer();
			if (held.lock === undefined) server.lockOf("a", "l1");
			else held.lock = undefined;
			return before;
		};
		server.faults.push(lateList);
		expect(await count("a")).toBe(2);
		server.faults.push(lateList);
		expect(await count("a")).toBe(1);
		expect(await count("a/")).toBe(1);
		expect(await count("none")).toBe(0);
	});
});

describe("acquire and release", () => {
	test("lock and download, upload and unlock", async () => {
		server.unit("a", "{}");
		const acquired = await unit("acquire", "a", "s");
		const id = server.units.get("a")?.lock?.id;
		expect(acquired.out).toBe(`Unit acquired and saved to: s (lock ID: ${id})\n`);
		expect(await mode("s")).toBe("600");
		await writeFile(file("s"), '{"new":1}');
		expect((await unit("release", "a", "s")).out).toBe("Unit released: a\n");
		expect(server.state("a")).toBe('{"new":1}');
		expect(server.units.get("a")?.lock).toBeUndefined();
		expect(await savedLocks()).toEqual([]);
	});

	test("acquire to stdout talks on stderr", async () => {
		server.unit("a", "{}");
		const acquired = await unit("acquire", "a");
		expect(acquired.out).toBe("{}");
		expect(acquired.err).toContain(
			`[Unit acquired with lock ID: ${server.units.get("a")?.lock?.id}]`,
		);
	});

	test("acquire of a unit without a state holds the lock and writes nothing", async () => {
		server.unit("a");
		expect((await unit("acquire", "a", "-f", "s")).code).toBe(0);
		expect(server.units.get("a")?.lock).toBeDefined();
		expect(await readdir(folder.path)).toEqual([".taco"]);
	});

	test("acquire whose download fails gives the lock back", async () => {
		const fake = server.unit("a", "{}");
		if (fake.versions[0]) fake.versions[0].view.hash = "0".repeat(64);
		const failed = await unit("acquire", "a", "s");
		expect(failed.code).toBe(6);
		expect(failed.err).toContain("The lock was released again.");
		expect(fake.lock).toBeUndefined();
		expect(await savedLocks()).toEqual([]);
	});

	test("Ctrl-C during acquire gives the lock back and exits with 130", async () => {
		server.unit("a", "{}");
		const pass = (_: unknown, after: () => Promise<Response>): Promise<Response> => after();
		const running = start(["unit", "acquire", "a", "s"], options());
		server.faults.push(pass, () => {
			running.interrupt();
			return new Promise<Response>(() => undefined);
		});
		expect((await running.finished).code).toBe(130);
		expect(server.units.get("a")?.lock).toBeUndefined();
		expect(running.exits).toEqual([]);
	});

	test("a second Ctrl-C ends at once", async () => {
		server.unit("a");
		const running = start(["unit", "info", "a"], options());
		server.faults.push(() => {
			running.interrupt();
			running.interrupt();
			return new Promise<Response>(() => undefined);
		});
		await running.finished;
		expect(running.exits).toEqual([130]);
	});

	test("release keeps the lock and its id when the push fails", async () => {
		server.unit("a", "{}");
		await unit("acquire", "a", "s");
		const id = server.units.get("a")?.lock?.id;
		server.faults.push(() => failure(409, "state_conflict", "a lower serial", "pull first"));
		expect((await unit("release", "a", "s")).code).toBe(4);
		expect(server.units.get("a")?.lock?.id).toBe(id ?? "");
		expect((await savedLocks()).length).toBe(1);
	});

	test("release that uploads and cannot unlock says so and keeps the id", async () => {
		server.unit("a", "{}");
		await unit("acquire", "a", "s");
		const pass = (_: unknown, after: () => Promise<Response>): Promise<Response> => after();
		server.faults.push(pass, () => failure(500, "internal", "a defect", ""));
		const half = await unit("release", "a", "s");
		expect(half.code).toBe(1);
		expect(half.err).toContain("the state was uploaded (version 1), but the unit was not unlocked");
		expect((await savedLocks()).length).toBe(1);
	});

	test("release without a lock, and without a file", async () => {
		server.unit("a", "{}");
		await writeFile(file("s"), "{}");
		expect((await unit("release", "a", "s")).code).toBe(3);
		expect((await unit("release", "a")).code).toBe(2);
		server.lockOf("a", "l1");
		expect((await unit("release", "a", "s", "--lock-id", "l1")).code).toBe(0);
	});
});
