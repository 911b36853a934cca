import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { backendBlock, profileSections, withProfile } from "../../../src/cli/aws-profile.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";
import { taco } from "./terminal.ts";

let folder: TemporaryDirectory;
let server: Bun.Server<undefined>;
let issued = 0;
let lifeMs = 0;
let token = "good-token";

beforeEach(async () => {
	folder = await temporaryDirectory("cli");
	issued = 0;
	lifeMs = 15 * 60_000;
	token = "good-token";
	server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		fetch(request) {
			if (request.headers.get("authorization") !== `Bearer ${token}`) {
				const body = { error: "unauthenticated", message: "no", hint: "", request_id: "r" };
				return Response.json(body, { status: 401 });
			}
			if (request.method !== "POST" || !request.url.endsWith("/v1/auth/issue-s3-creds")) {
				return new Response(null, { status: 404 });
			}
			issued += 1;
			return Response.json({
				Version: 1,
				AccessKeyId: `OTC.k.${issued}`,
				SecretAccessKey: "secret",
				SessionToken: "session",
				Expiration: new Date(Date.now() + lifeMs).toISOString(),
			});
		},
	});
});
afterEach(async () => {
	await server.stop(true);
	await folder.remove();
});

const url = () => `http://127.0.0.1:${server.port}`;
const run = (argv: string[], env: Record<string, string> = {}) =>
	taco(argv, {
		cwd: folder.path,
		env: { HOME: folder.path, OPENTACO_SERVER: url(), OPENTACO_TOKEN: token, ...env },
	});
const cacheFiles = () => readdir(join(folder.path, ".cache", "opentaco")).catch(() => []);
const keyOf = (out: string) => (JSON.parse(out) as { AccessKeyId: string }).AccessKeyId;

describe("taco creds", () => {
	test("prints process credentials, nothing else, and keeps them in a private file", async () => {
		for (const argv of [["creds", "--json"], ["creds"], ["creds"]]) {
			const done = await run(argv);
			expect(done).toMatchObject({ code: 0, err: "" });
			expect(done.out.endsWith("\n")).toBe(true);
			expect(JSON.parse(done.out)).toMatchObject({ Version: 1, AccessKeyId: "OTC.k.1" });
		}
		expect(issued).toBe(1);
		const [name] = await cacheFiles();
		const path = join(folder.path, ".cache", "opentaco", name ?? "");
		expect(((await stat(path)).mode & 0o777).toString(8)).toBe("600");
		expect(await readFile(path, "utf8")).not.toContain(token);
	});

	test("asks again shortly before they end, and when told to", async () => {
		lifeMs = 4 * 60_000;
		expect(keyOf((await run(["creds"])).out)).toBe("OTC.k.1");
		lifeMs = 15 * 60_000;
		expect(keyOf((await run(["creds"])).out)).toBe("OTC.k.2");
		expect(keyOf((await run(["creds"])).out)).toBe("OTC.k.2");
		expect(keyOf((await run(["creds", "--fresh"])).out)).toBe("OTC.k.3");
	});

	test("another login or server has its own", async () => {
		await run(["creds"]);
		token = "other-token";
		expect(keyOf((await run(["creds"])).out)).toBe("OTC.k.2");
		await run(["creds", "--server", `http://localhost:${server.port}`]);
		expect(issued).toBe(3);
		expect(await cacheFiles()).toHaveLength(3);
	});

	test("a cache that is damaged or open to others is not used", async () => {
		await run(["creds"]);
		const [name] = await cacheFiles();
		const path = join(folder.path, ".cache", "opentaco", name ?? "");
		await chmod(path, 0o644);
		expect(keyOf((await run(["creds"])).out)).toBe("OTC.k.2");
		for (const text of ["", "{}", "null", '{"Version":1}']) {
			await writeFile(path, text);
			await run(["creds"]);
		}
		expect(issued).toBe(6);
	});

	test("what has ended is removed with the next one that is kept, and all of it at logout", async () => {
		await run(["creds"]);
		const [old] = await cacheFiles();
		const hoursAgo = Date.now() / 1000 - 2 * 3600;
		await utimes(join(folder.path, ".cache", "opentaco", old ?? ""), hoursAgo, hoursAgo);
		await writeFile(join(folder.path, ".cache", "opentaco", "notes"), "");
		token = "renewed-token";
		await run(["creds"]);
		const kept = await cacheFiles();
		expect(kept).toHaveLength(2);
		expect(kept).not.toContain(old ?? "");
		expect((await run(["logout", "--local"])).code).toBe(0);
		expect(await cacheFiles()).toEqual(["notes"]);
	});

	test("a cache that cannot be written is no failure", async () => {
		await writeFile(join(folder.path, "file"), "");
		const done = await run(["creds"], { XDG_CACHE_HOME: join(folder.path, "file") });
		expect(done).toMatchObject({ code: 0, err: "" });
	});

	test("a refused login is told on stderr, with an exit code", async () => {
		const done = await run(["creds", "--json"], { OPENTACO_TOKEN: "bad-token" });
		expect(done.code).toBe(5);
		expect(done.out).toBe("");
		expect(done.err).toContain("taco login");
		expect(await cacheFiles()).toEqual([]);
	});

	test("wrong words", async () => {
		for (const argv of [
			["creds", "set"],
			["creds", "--write"],
			["creds", "setup", "--profile", "a]b"],
		]) {
			expect((await run(argv)).code).toBe(2);
		}
		expect((await run(["creds", "setup", "--unit", "a//b"])).code).not.toBe(0);
	});
});

describe("taco creds setup", () => {
	const awsConfig = () => join(folder.path, ".aws", "config");

	test("prints the profile and the block", async () => {
		const done = await run(["creds", "setup", "--unit", "team/app"]);
		expect(done.code).toBe(0);
		expect(done.out).toContain("[profile opentaco-state-backend]");
		expect(done.out).toContain(`creds --json --server ${url()}`);
		expect(done.out).toContain('key     = "team/app/terraform.tfstate"');
		expect(done.out).toContain('region  = "auto"');
		expect(await Bun.file(awsConfig()).exists()).toBe(false);
	});

	test("writes the profile once, and leaves everything else", async () => {
		await mkdir(join(folder.path, ".aws"));
		await writeFile(awsConfig(), "[default]\nregion = eu-west-1\n\n[profile other]\nx = y\n");
		await run(["creds", "setup", "--write"]);
		const once = await readFile(awsConfig(), "utf8");
		await run(["creds", "setup", "--write"]);
		expect(await readFile(awsConfig(), "utf8")).toBe(once);
		expect(once).toStartWith("[default]\nregion = eu-west-1\n\n[profile other]\nx = y\n\n[profile");
		expect((await run(["creds", "setup", "--json"])).out).toContain('"backend"');
	});

	test("AWS_CONFIG_FILE and another name", async () => {
		const path = join(folder.path, "elsewhere");
		await run(["creds", "setup", "--write", "--profile", "mine"], { AWS_CONFIG_FILE: path });
		expect(await readFile(path, "utf8")).toContain("[profile mine]");
	});
});

test("an older profile of ours is replaced in place of a second one", () => {
	const input = { bucket: "opentaco", profile: "p", serverUrl: "http://new:1" };
	const before =
		"[profile p]\ncredential_process = old\n\n[profile q]\na = b\n[services p]\ns3 =\n  endpoint_url = http://old\n";
	const after = withProfile(before, input);
	expect(after).toBe(`[profile q]\na = b\n\n${profileSections(input)}`);
	expect(withProfile("", input)).toBe(profileSections(input));
	expect(backendBlock(input, 'a"b')).toContain('key     = "a\\"b"');
});
