import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assignment } from "../../../src/cli/commands/env.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";
import { FakeServer, failure } from "./fake-server.ts";
import { type Finished, type TerminalOptions, taco } from "./terminal.ts";

let server: FakeServer;
let folder: TemporaryDirectory;

beforeEach(async () => {
	server = new FakeServer();
	server.token = "good-token";
	folder = await temporaryDirectory("cli");
});
afterEach(async () => {
	await server.stop();
	await folder.remove();
});

function run(argv: string[], more: Partial<TerminalOptions> = {}): Promise<Finished> {
	const { env, ...rest } = more;
	return taco(argv, {
		cwd: folder.path,
		env: { HOME: folder.path, OPENTACO_SERVER: server.url, ...env },
		...rest,
	});
}

const configPath = (name: string): string => join(folder.path, ".config", "opentaco", name);
const mode = async (path: string): Promise<string> => ((await stat(path)).mode & 0o777).toString(8);

async function writeConfig(name: string, text: string): Promise<void> {
	await mkdir(dirname(configPath(name)), { recursive: true });
	await writeFile(configPath(name), text);
}

describe("login and logout", () => {
	test("a token from stdin is checked and stored 0600 in a 0700 folder", async () => {
		const done = await run(["login", "--token", "-"], { stdin: "good-token\n" });
		expect(done.out).toBe(`Logged in to ${server.url}\n`);
		expect(await mode(configPath("credentials.json"))).toBe("600");
		expect(await mode(dirname(configPath("x")))).toBe("700");
		expect(JSON.parse(await readFile(configPath("credentials.json"), "utf8"))).toEqual({
			profiles: { [server.url]: { access_token: "good-token", refresh_token: "" } },
		});
		expect((await run(["unit", "ls"])).code).toBe(0);
		expect((await run(["logout"])).out).toBe(`Logged out of ${server.url}\n`);
		expect((await run(["logout"])).out).toBe(`Not logged in to ${server.url}\n`);
		const loggedOut = await run(["unit", "ls"]);
		expect(loggedOut.code).toBe(5);
		expect(loggedOut.err).toContain(`run taco login --server ${server.url}`);
	});

	test("a token that the server refuses is not stored, unless nobody is to ask it", async () => {
		const refused = await run(["login", "--token", "bad-token"]);
		expect(refused.code).toBe(5);
		expect(refused.err).not.toContain("bad-token");
		expect(await Bun.file(configPath("credentials.json")).exists()).toBe(false);
		expect((await run(["login", "--token", "bad-token", "--skip-check"])).code).toBe(0);
	});

	test("the prompt is hidden and only on a terminal", async () => {
		const asked = await run(["login"], { columns: 80, stdin: "good-token\n" });
		expect(asked.code).toBe(0);
		expect(asked.err).toBe("Token: \n");
		expect((await run(["login"])).code).toBe(2);
		expect((await run(["login"], { columns: 80, stdin: "\n" })).code).toBe(5);
		expect((await run(["login", "--token", "a\nb"])).code).toBe(5);
	});

	test("the file of the first OpenTaco is read, and others' profiles stay in it", async () => {
		await writeConfig(
			"credentials.json",
			JSON.stringify({
				profiles: {
					[`${server.url}/`]: { access_token: "good-token", refresh_token: "r" },
					"http://other": { access_token: "x", refresh_token: "y" },
				},
				extra: 1,
			}),
		);
		await chmod(configPath("credentials.json"), 0o644);
		const listed = await run(["unit", "ls"]);
		expect(listed.code).toBe(0);
		expect(listed.err).toContain("can be read by others");
		await run(["login", "--token", "good-token"]);
		expect(await mode(configPath("credentials.json"))).toBe("600");
		expect(JSON.parse(await readFile(configPath("credentials.json"), "utf8"))).toEqual({
			extra: 1,
			profiles: {
				"http://other": { access_token: "x", refresh_token: "y" },
				[server.url]: { access_token: "good-token", refresh_token: "" },
			},
		});
	});

	test("a file that cannot be understood is not overwritten", async () => {
		for (const text of ["", "[]", "{", '{"profiles":[]}']) {
			await writeConfig("credentials.json", text);
			expect((await run(["login", "--token", "good-token"])).code).toBe(2);
			expect(await readFile(configPath("credentials.json"), "utf8")).toBe(text);
		}
	});

	test("a profile named __proto__ is a profile and nothing else", async () => {
		await writeConfig("credentials.json", '{"profiles":{"__proto__":{"access_token":"x"}}}');
		expect((await run(["unit", "ls"])).code).toBe(5);
	});
});

describe("precedence", () => {
	test("flag, environment, config file, default", async () => {
		const source = async (argv: string[], env: Record<string, string>): Promise<string> => {
			const base = { OPENTACO_SERVER: "", OPENTACO_TOKEN: "good-token" };
			const { out } = await run(["whoami", "--json", ...argv], { env: { ...base, ...env } });
			return JSON.parse(out).server_from;
		};
		await writeConfig("config.json", JSON.stringify({ server_url: `${server.url}/` }));
		expect(
			await source(["--server", server.url], { OPENTACO_SERVER: "http://nowhere.invalid" }),
		).toBe("flag");
		expect(await source([], { OPENTACO_SERVER: server.url })).toBe("environment");
		expect(await source([], {})).toBe("config file");
	});

	test("XDG_CONFIG_HOME is obeyed when it is absolute", async () => {
		const xdg = join(folder.path, "xdg");
		await run(["login", "--token", "good-token"], { env: { XDG_CONFIG_HOME: xdg } });
		expect(await Bun.file(join(xdg, "opentaco", "credentials.json")).exists()).toBe(true);
		await run(["login", "--token", "good-token"], { env: { XDG_CONFIG_HOME: "relative" } });
		expect(await Bun.file(configPath("credentials.json")).exists()).toBe(true);
	});

	test("OPENTACO_TOKEN beats the stored token", async () => {
		await run(["login", "--token", "good-token"]);
		const refused = await run(["unit", "ls"], { env: { OPENTACO_TOKEN: "bad" } });
		expect(refused.code).toBe(5);
		expect(refused.err).toContain("the token from OPENTACO_TOKEN is not accepted");
	});

	test("a wrong config file is an error, never silence, never a question", async () => {
		for (const text of ["{", '{"server_url":7}', '{"server_url":"localhost:1"}']) {
			await writeConfig("config.json", text);
			const env = { OPENTACO_SERVER: "" };
			expect((await run(["unit", "ls"], { env, columns: 80 })).code).toBe(2);
		}
	});

	test("a token goes to its own server only", async () => {
		const other = new FakeServer();
		try {
			await run(["login", "--token", "good-token"]);
			await run(["unit", "ls", "--server", other.url]);
			expect(other.requests[0]?.headers.has("authorization")).toBe(false);
		} finally {
			await other.stop();
		}
	});
});

describe("whoami, env, version, completion", () => {
	test("whoami says what is used and whether it is accepted, and never the token", async () => {
		const good = await run(["whoami"], { env: { OPENTACO_TOKEN: "good-token" } });
		expect(good.code).toBe(0);
		expect(good.out).toContain("Accepted: yes");
		expect(good.out).toContain("OPENTACO_TOKEN");
		const bad = await run(["whoami"], { env: { OPENTACO_TOKEN: "bad-token" } });
		expect(bad.code).toBe(5);
		expect(bad.out).toContain("Accepted: no");
		expect(good.out + bad.out + good.err + bad.err).not.toMatch(/good-token|bad-token/);
		server.faults.push(() => failure(403, "forbidden", "no", ""));
		expect((await run(["whoami"], { env: { OPENTACO_TOKEN: "good-token" } })).code).toBe(0);
	});

	test("env prints exports that a shell takes back exactly", async () => {
		const token = `a'b"c$(touch\${IFS}x)\`d\\e`;
		const env = { OPENTACO_TOKEN: token };
		const { out } = await run(["env", "my/app"], { env });
		const shown = Bun.spawnSync(
			[
				"sh",
				"-c",
				`${out}\nprintf '%s\\n' "$TF_HTTP_PASSWORD" "$TF_HTTP_USERNAME" "$TF_HTTP_LOCK_ADDRESS"`,
			],
			{ cwd: folder.path },
		);
		expect(shown.stdout.toString()).toBe(`${token}\ntaco\n${server.url}/v1/backend/my/app\n`);
		expect(JSON.parse((await run(["env", "--json"], { env })).out)).toEqual({
			TF_HTTP_USERNAME: "taco",
			TF_HTTP_PASSWORD: token,
		});
		expect((await run(["env"])).code).toBe(5);
		expect((await run(["env", "__opentaco_system"])).out).toContain(
			"/v1/backend/__opentaco_system'",
		);
		expect((await run(["env", "--shell", "tcsh"])).code).toBe(2);
	});

	test("other shells' quotes", () => {
		expect(assignment("fish", "X", "a'b\\c")).toBe("set -gx X 'a\\'b\\\\c';");
		expect(assignment("powershell", "X", "a'b\u2019c")).toBe("$env:X = 'a''b\u2019\u2019c'");
	});

	test("version in both forms needs no server", async () => {
		for (const argv of [["version"], ["--version"], ["-version"]]) {
			expect((await run(argv, { env: { OPENTACO_SERVER: "nonsense" } })).out).toMatch(/^taco \d/);
		}
		expect(JSON.parse((await run(["--version", "--json"])).out)).toMatchObject({
			bun: Bun.version,
		});
	});

	test("help of a command is its --help", async () => {
		const asked = await run(["help", "unit", "ls"]);
		expect(asked).toEqual(await run(["unit", "ls", "--help"]));
		expect((await run(["help"])).out).toContain("Commands:");
		expect((await run(["help", "nonsense"])).code).toBe(2);
	});

	if (Bun.which("bash") === null) process.stderr.write("\nSKIPPED: bash is not on PATH\n");
	test.skipIf(Bun.which("bash") === null)("the bash completion completes", async () => {
		const script = (await run(["completion", "bash"])).out;
		const complete = (words: string[]): string[] => {
			const program = `${script}\nCOMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")})\nCOMP_CWORD=${words.length - 1}\n_taco\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
			return Bun.spawnSync(["bash", "-c", program]).stdout.toString().trim().split("\n");
		};
		expect(complete(["taco", "un"])).toEqual(["unit"]);
		expect(complete(["taco", "unit", "ver"])).toEqual(["versions"]);
		expect(complete(["taco", "unit", "push", "--if"])).toEqual(["--if-locked-by"]);
		for (const shell of ["zsh", "fish"]) {
			expect((await run(["completion", shell])).out).toContain("force-unlock");
		}
		expect((await run(["completion", "tcsh"])).code).toBe(2);
	});
});
