import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";
import { FakeServer, failure } from "./fake-server.ts";
import { type Finished, type TerminalOptions, taco } from "./terminal.ts";

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

describe("create, ls, info, rm, undelete", () => {
	test("one line each on stdout", async () => {
		expect(await unit("create", "myapp/prod", "-l", "team=core", "--label", "tier=1")).toEqual({
			code: 0,
			out: "Unit created: myapp/prod\n",
			err: "",
		});
		expect(server.units.get("myapp/prod")?.labels).toEqual({ team: "core", tier: "1" });
		expect(JSON.parse((await unit("info", "myapp/prod")).out)).toMatchObject({ id: "myapp/prod" });
		expect((await unit("rm", "myapp/prod")).out).toBe("Unit deleted: myapp/prod\n");
		expect((await unit("info", "myapp/prod")).code).toBe(3);
		expect((await unit("ls", "--deleted")).out).toContain("myapp/prod");
		expect((await unit("undelete", "myapp/prod")).out).toBe("Unit undeleted: myapp/prod\n");
	});

	test("aliases do the same", async () => {
		server.unit("a");
		for (const name of ["info", "show", "describe"]) expect((await unit(name, "a")).code).toBe(0);
		expect((await unit("list")).out).toContain("a");
		for (const name of ["delete", "remove"]) {
			server.unit("b");
			expect((await unit(name, "b")).out).toBe("Unit deleted: b\n");
		}
	});

	test("ids and labels are checked before anything is sent", async () => {
		for (const id of ["", "a//b", "/a", "a/", "..", "a b", "a__b", "é", "a/terraform.tfstate"]) {
			const { code, out, err } = await unit("create", "--", id);
			expect({ id, code, out }).toEqual({ id, code: 8, out: "" });
			expect(err).toContain("hint:");
		}
		for (const label of ["team", "=core", ""]) {
			expect((await unit("create", "a", "-l", label)).code).toBe(2);
		}
		expect((await unit("create", "a", "-l", "k=1", "-l", "k=2")).code).toBe(2);
		expect(server.requests).toEqual([]);
	});

	test("a table on stdout, talk on stderr", async () => {
		server.unit("myapp/prod", '{"serial":1}');
		server.unit("other");
		server.lockOf("other", "l1");
		const all = await unit("ls");
		expect(all.out).toBe(
			"ID          SIZE  UPDATED               LOCKED\n" +
				"myapp/prod    12  2026-01-02T03:04:05Z\n" +
				"other          0  2026-01-02T03:04:05Z  yes\n",
		);
		expect(all.err).toBe("Total: 2 units\n");
		expect((await unit("ls", "my")).out).toContain("myapp/prod");
		expect((await unit("ls", "--prefix", "nope")).out).toBe("");
		expect((await unit("ls", "--prefix", "nope")).err).toBe("No units found\n");
		expect((await unit("ls", "a", "--prefix", "b")).code).toBe(2);
		expect(JSON.parse((await unit("ls", "x", "--json")).out)).toEqual({ units: [], count: 0 });
	});

	test("ls filters by label", async () => {
		server.unit("a").labels = { team: "core" };
		server.unit("b").labels = { team: "web" };
		const { units } = JSON.parse((await unit("ls", "-l", "team=web", "-o", "json")).out);
		expect(units.map(({ id }: { id: string }) => id)).toEqual(["b"]);
	});

	test("rm asks on a terminal, and only there", async () => {
		server.unit("a", "{}");
		const ask = (stdin: string, ...words: string[]): Promise<Finished> =>
			taco(["unit", "rm", "a", ...words], options({ columns: 80, stdin }));
		expect(await ask("n\n")).toMatchObject({ code: 1, out: "" });
		expect(await ask("")).toMatchObject({ code: 1, out: "" });
		expect(server.units.get("a")?.deleted).toBe(false);
		const yes = await ask("y\n");
		expect(yes.err).toContain("Delete a, its state of 2 bytes? [y/N]");
		expect(yes.out).toBe("Unit deleted: a\n");
		server.unit("a");
		expect((await ask("", "-f")).out).toBe("Unit deleted: a\n");
	});

	test("rm of a locked unit is a conflict that names the holder, unless forced", async () => {
		server.unit("a");
		server.lockOf("a", "l1", "bob\u001b[31m@desk");
		const refused = await unit("rm", "a");
		expect(refused.code).toBe(4);
		expect(refused.out).toBe("");
		expect(refused.err).toContain("holder:     bob\\u001b[31m@desk");
		expect(refused.err).not.toContain("\u001b");
		expect((await unit("rm", "a", "--force")).code).toBe(0);
	});
});

describe("pull and push", () => {
	const state = '{"version":4,"serial":1,"lineage":"x","secret":"s"}';

	test("pull to stdout gives the bytes and nothing else, also when verbose", async () => {
		server.unit("a/b", state);
		expect(await unit("pull", "a/b")).toEqual({ code: 0, out: state, err: "" });
		expect((await unit("pull", "a/b", "-")).out).toBe(state);
		const verbose = await unit("pull", "-v", "a/b");
		expect(verbose.out).toBe(state);
		expect(verbose.err).toContain("[debug] GET ");
	});

	test("pull to a file: 0600, also over one that was open to all", async () => {
		server.unit("a", state);
		expect((await unit("pull", "a", "one")).out).toBe("Unit downloaded to: one\n");
		expect(await mode("one")).toBe("600");
		await writeFile(file("two"), "old", { mode: 0o666 });
		await chmod(file("two"), 0o666);
		await symlink(file("two"), file("link"));
		expect((await unit("pull", "a", "-f", "link")).code).toBe(0);
		expect(await mode("two")).toBe("600");
		expect(await read("two")).toBe(state);
		expect((await readdir(folder.path)).sort()).toEqual(["link", "one", "two"]);
		const json = JSON.parse((await unit("pull", "a", "one", "--json")).out);
		expect(json).toMatchObject({
			id: "a",
			file: "one",
			bytes: state.length,
			version: 1,
			serial: 1,
		});
	});

	test("a damaged or missing download leaves the old file", async () => {
		const fake = server.unit("a", state);
		await writeFile(file("f"), "old");
		if (fake.versions[0]) fake.versions[0].view.hash = "0".repeat(64);
		expect((await unit("pull", "a", "f")).code).toBe(6);
		server.unit("empty");
		expect((await unit("pull", "empty", "f")).code).toBe(3);
		expect(await read("f")).toBe("old");
		expect(await readdir(folder.path)).toEqual(["f"]);
	});

	test("pull of a version, and what is no version", async () => {
		server.unit("a", state);
		expect((await unit("pull", "a", "--version", "1")).out).toBe(state);
		expect((await unit("versions", "a", "--download", "1")).out).toBe(state);
		expect((await unit("versions", "a", "--download", "1", "-f", "v")).out).toBe(
			"Unit downloaded to: v\n",
		);
		expect(await mode("v")).toBe("600");
		expect((await unit("pull", "a", "--version", "9")).code).toBe(3);
		for (const bad of ["0", "x", "1.5", "-1", "1e3"]) {
			expect((await unit("pull", "a", `--version=${bad}`)).code).toBe(2);
		}
		expect((await unit("versions", "a", "-f", "v")).code).toBe(2);
	});

	test("a file that cannot be written says why", async () => {
		server.unit("a", state);
		await mkdir(file("dir"));
		expect((await unit("pull", "a", "dir")).err).toContain("it is a directory");
		const missing = await unit("pull", "a", "no/such/file");
		expect(missing.code).toBe(1);
		expect(missing.err).toContain("no such file or directory");
	});

	test("push from an argument, a flag and stdin", async () => {
		server.unit("a");
		await writeFile(file("s"), state);
		expect(await unit("push", "a", "s")).toEqual({ code: 0, out: "Unit uploaded: a\n", err: "" });
		expect(server.state("a")).toBe(state);
		expect((await unit("push", "a", "-f", "s")).code).toBe(0);
		const piped = await taco(["unit", "push", "a", "-"], options({ stdin: "{}" }));
		expect(piped.code).toBe(0);
		expect(server.state("a")).toBe("{}");
		const terminal = options({ columns: 80, stdin: "{}" });
		expect((await taco(["unit", "push", "a", "-"], terminal)).code).toBe(2);
		expect((await unit("push", "a")).code).toBe(2);
		expect((await unit("push", "a", "missing")).err).toContain("no such file");
		expect((await unit("push", "a", ".")).code).toBe(1);
	});

	test("a large pipe goes over a private file and arrives whole", async () => {
		server.unit("a");
		const stdin = "x".repeat(17 * 1024 * 1024);
		expect((await taco(["unit", "push", "a", "-"], options({ stdin }))).code).toBe(0);
		expect(server.units.get("a")?.versions[0]?.view.size).toBe(stdin.length);
	});

	test("push of an invalid state, to a missing unit, against a lock", async () => {
		await writeFile(file("s"), state);
		expect((await unit("push", "none", "s")).code).toBe(3);
		server.unit("a");
		server.faults.push(() => failure(400, "invalid_state", "it is no state", "send a state"));
		expect((await unit("push", "a", "s")).code).toBe(8);
		server.lockOf("a", "l1");
		expect((await unit("push", "a", "s")).code).toBe(4);
		expect((await unit("push", "a", "s", "--if-locked-by", "l2")).code).toBe(4);
		expect((await unit("push", "a", "s", "--if-locked-by", "l1", "--force")).code).toBe(0);
		expect(server.requests.at(-1)?.target).toBe("/v1/units/a/upload?if_locked_by=l1&force=true");
	});
});

describe("versions and restore", () => {
	async function three(): Promise<void> {
		server.unit("a", "one");
		for (const stdin of ["two", "three"]) {
			await taco(["unit", "push", "a", "-"], options({ stdin }));
		}
	}

	test("versions are a table, newest first", async () => {
		await three();
		const { out, err } = await unit("versions", "a");
		const [head, first] = out.split("\n");
		expect(head?.split(/ +/)).toEqual([
			"VERSION",
			"CREATED",
			"SIZE",
			"SERIAL",
			"AUTHOR",
			"SURFACE",
			"CAUSE",
			"HASH",
		]);
		expect(first?.trim().split(/ +/).slice(0, 4)).toEqual(["3", "2026-01-02T03:04:05Z", "5", "3"]);
		expect(err).toContain("Total: 3 versions");
		server.unit("empty");
		expect((await unit("versions", "empty")).err).toBe("No versions found\n");
		expect(JSON.parse((await unit("versions", "empty", "--json")).out).versions).toEqual([]);
	});

	test("a preview changes nothing", async () => {
		await three();
		const preview = await unit("restore", "a", "1", "--preview");
		expect(preview.code).toBe(0);
		expect(preview.out).toMatch(/serial +3 +4/);
		expect(preview.out).toMatch(/size +5 +3/);
		expect(JSON.parse((await unit("restore", "a", "1", "--preview", "--json")).out)).toMatchObject({
			preview: true,
			restored_version: 1,
		});
		expect(server.state("a")).toBe("three");
	});

	test("without a terminal it needs --yes, and sends nothing before", async () => {
		await three();
		const before = server.requests.length;
		expect((await unit("restore", "a", "1")).code).toBe(2);
		expect(server.requests.length).toBe(before);
		const restored = await unit("restore", "a", "1", "--yes");
		expect(restored.out).toMatch(
			/^Unit a restored to version 1 \(hash: [0-9a-f]{8}, created: 2026-01-02T03:04:05Z\)\n$/,
		);
		expect(server.state("a")).toBe("one");
	});

	test("on a terminal it shows and asks", async () => {
		await three();
		const ask = (stdin: string): Promise<Finished> =>
			taco(["unit", "restore", "a", "1"], options({ columns: 100, stdin }));
		const no = await ask("n\n");
		expect(no.code).toBe(1);
		expect(no.err).toMatch(/serial +3 +4/);
		expect(no.out).toBe("");
		expect(server.state("a")).toBe("three");
		expect((await ask("yes\n")).code).toBe(0);
		expect(server.state("a")).toBe("one");
	});

	test("under a saved lock it names that lock", async () => {
		await three();
		await unit("lock", "a");
		expect((await unit("restore", "a", "1", "--yes")).code).toBe(0);
		expect((await unit("restore", "a", "7", "--yes")).code).toBe(3);
		expect((await unit("restore", "a", "first", "--yes")).code).toBe(2);
	});
});
