/** `taco serve` as a process: what it says, where it leaves the token, and how it ends. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { FakeS3 } from "../../support/fake-s3/server.ts";
import { repositoryRoot } from "../../support/tidy/sources.ts";
import { type TemporaryDirectory, temporaryDirectory } from "../../support/tmpdir.ts";

let folder: TemporaryDirectory;

beforeAll(async () => {
	folder = await temporaryDirectory("serve");
});

afterAll(() => folder.remove());

function spawn(args: readonly string[], environment: Record<string, string> = {}) {
	const child = Bun.spawn(
		[process.execPath, join(repositoryRoot, "src/main.ts"), "serve", ...args],
		{
			cwd: folder.path,
			env: { ...process.env, ...environment },
			stdio: ["ignore", "pipe", "pipe"],
		},
	);
	const lines: string[] = [];
	const waiting: (() => void)[] = [];
	let isOver = false;
	const reading = (async () => {
		let rest = "";
		const decoder = new TextDecoder();
		for await (const chunk of child.stderr) {
			rest += decoder.decode(chunk, { stream: true });
			const parts = rest.split("\n");
			rest = parts.pop() ?? "";
			lines.push(...parts);
			for (const wake of waiting.splice(0)) wake();
		}
		lines.push(rest);
		isOver = true;
		for (const wake of waiting.splice(0)) wake();
	})();
	/** The first log line with this message. */
	async function logged(message: string): Promise<Record<string, unknown>> {
		for (;;) {
			const found = lines.find((line) => line.includes(`"msg":"${message}"`));
			if (found !== undefined) return JSON.parse(found);
			if (isOver) throw new Error(`it ended without saying "${message}":\n${lines.join("\n")}`);
			await new Promise<void>((resolve) => waiting.push(resolve));
		}
	}
	async function ended(): Promise<{ code: number; text: string; stdout: string }> {
		const [code, stdout] = await Promise.all([
			child.exited,
			new Response(child.stdout).text(),
			reading,
		]);
		return { code, stdout, text: lines.join("\n") };
	}
	return { child, logged, ended };
}

describe("a start that goes well", () => {
	test("writes the token into the data folder, serves, drains at SIGTERM and comes back", async () => {
		const data = join(folder.path, "data");
		const first = spawn(["--data-dir", data, "--port", "0", "--host", "127.0.0.1"]);
		const { path } = await first.logged("the admin token was written to a file");
		const { port } = await first.logged("listening");
		expect(String(path)).toStartWith(data);
		expect((await stat(String(path))).mode & 0o777).toBe(0o600);
		const token = (await readFile(String(path), "utf8")).trim();
		const headers = { authorization: `Bearer ${token}` };
		const url = `http://127.0.0.1:${port}`;
		const body = JSON.stringify({ id: "a/b" });
		const created = await fetch(`${url}/v1/units`, { method: "POST", headers, body });
		expect(created.status).toBe(201);
		expect((await fetch(`${url}/v1/units`)).status).toBe(401);
		first.child.kill("SIGTERM");
		const end = await first.ended();
		expect({ code: end.code, stdout: end.stdout }).toEqual({ code: 0, stdout: "" });
		expect(end.text).not.toContain(token);

		const second = spawn(["-data-dir", data, "-port", "0", "-host", "127.0.0.1"]);
		const again = await second.logged("listening");
		const list = await fetch(`http://127.0.0.1:${again.port}/v1/units`, { headers });
		expect(await list.json()).toMatchObject({ count: 1, units: [{ id: "a/b" }] });
		second.child.kill("SIGINT");
		const over = await second.ended();
		expect(over.code).toBe(0);
		expect(over.text).not.toContain("the admin token was written");
	});

	test("twice at once on one folder makes one token, which both take", async () => {
		const data = join(folder.path, "shared");
		const args = ["--data-dir", data, "--port", "0", "--host", "127.0.0.1"];
		const servers = [spawn(args), spawn(args), spawn(args)];
		const ports = await Promise.all(
			servers.map(async (server) => (await server.logged("listening")).port),
		);
		const token = await readFile(join(data, "__opentaco/server/admin-token"), "utf8");
		const headers = { authorization: `Bearer ${token.trim()}` };
		for (const port of ports) {
			expect((await fetch(`http://127.0.0.1:${port}/v1/info`, { headers })).status).toBe(200);
		}
		for (const { child } of servers) child.kill("SIGTERM");
		const ends = await Promise.all(servers.map(({ ended }) => ended()));
		expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
		const told = ends.filter(({ text }) => text.includes("the admin token was written"));
		expect(told).toHaveLength(1);
		expect(await readdir(join(data, "__opentaco/server"))).toEqual(["admin-token"]);
	});

	test("on memory leaves nothing behind", async () => {
		const server = spawn(["--storage", "memory", "--port", "0", "--host", "127.0.0.1"]);
		const { path } = await server.logged("the admin token was written to a file");
		await server.logged("listening");
		expect(await Bun.file(String(path)).exists()).toBe(true);
		server.child.kill("SIGTERM");
		expect((await server.ended()).code).toBe(0);
		expect(await Bun.file(String(path)).exists()).toBe(false);
	});

	test("takes the operator's token and writes none", async () => {
		const token = "operator-CANARY-0123456789";
		const data = join(folder.path, "chosen");
		const args = ["--data-dir", data, "--port", "0", "--host", "127.0.0.1"];
		const server = spawn(args, { OPENTACO_ADMIN_TOKEN: token });
		const { port } = await server.logged("listening");
		const authorization = `Bearer ${token}`;
		const info = await fetch(`http://127.0.0.1:${port}/v1/info`, { headers: { authorization } });
		expect(info.status).toBe(200);
		server.child.kill("SIGTERM");
		const end = await server.ended();
		expect(end.code).toBe(0);
		expect(end.text).not.toContain("CANARY");
		expect(end.text).not.toContain("the admin token was written");
	});
});

describe("a start that cannot go well", () => {
	test("on a setting that is wrong ends with 2", async () => {
		const end = await spawn(["--port", "x"]).ended();
		expect(end).toMatchObject({ code: 2, stdout: "" });
		expect(end.text).toContain("taco serve: --port: must be a whole number");
	});

	test("on a folder that is a file ends with 6 and falls back to nothing", async () => {
		const file = join(folder.path, "file");
		await writeFile(file, "");
		const end = await spawn(["--data-dir", file, "--port", "0"]).ended();
		expect(end.code).toBe(6);
		expect(end.text).not.toContain('"msg":"listening"');
	});

	test("on a bucket that does not answer ends with 6", async () => {
		const environment = {
			AWS_ACCESS_KEY_ID: "x",
			AWS_SECRET_ACCESS_KEY: "SECRET-CANARY",
			OPENTACO_ADMIN_TOKEN: "operator-0123456789",
		};
		const args = ["--s3-bucket", "bucket", "--s3-endpoint", "http://127.0.0.1:1", "--port", "0"];
		const end = await spawn(args, environment).ended();
		expect(end.code).toBe(6);
		expect(end.text).toContain("does not work");
		expect(end.text).not.toContain("CANARY");
	});

	test("on S3 without a token, and nobody to show one to, ends with 2 and names the remedy", async () => {
		const fake = await FakeS3.start();
		try {
			const environment = {
				AWS_ACCESS_KEY_ID: fake.keys.accessKeyId,
				AWS_SECRET_ACCESS_KEY: fake.keys.secretAccessKey,
				AWS_REGION: fake.region,
				OPENTACO_S3_ENDPOINT: fake.endpoint,
				OPENTACO_S3_BUCKET: "bucket",
				OPENTACO_PORT: "0",
			};
			const refused = await spawn([], environment).ended();
			expect(refused.code).toBe(2);
			expect(refused.text).toContain("set OPENTACO_ADMIN_TOKEN");
			const told = { ...environment, OPENTACO_ADMIN_TOKEN: "operator-0123456789" };
			const served = spawn(["--host", "127.0.0.1"], told);
			expect(await served.logged("listening")).toMatchObject({ storage: "s3" });
			served.child.kill("SIGTERM");
			expect((await served.ended()).code).toBe(0);
		} finally {
			await fake.stop();
		}
	});

	test("on a port that is in use ends with 1 and says so", async () => {
		const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
		try {
			const args = ["--storage", "memory", "--auth-disable", "--port", String(other.port)];
			const end = await spawn(args).ended();
			expect(end.code).toBe(1);
			expect(end.text).toContain("is in use by another program");
		} finally {
			other.stop(true);
		}
	});
});
