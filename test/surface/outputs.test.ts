/**
 * Somebody who may read some outputs and nothing else, on every surface: these outputs are there,
 * whatever else the state holds is not, and nothing can be done.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
} from "@aws-sdk/client-s3";
import { parseUnitId, stateKeyOfUnit } from "../../src/core/unit/unit-id.ts";
import { temporaryDirectory } from "../support/tmpdir.ts";
import { workspaceId } from "../support/workspace-id.ts";
import { taco } from "../unit/cli/terminal.ts";
import { limited, principals, stateOf } from "./outputs-fixture.ts";
import { adminToken, createTestApp, lineage, lockInfo, type TestApp } from "./test-app.ts";

let app: TestApp;
let server: Bun.Server<undefined>;

type Send = Parameters<TestApp["send"]>[2];

async function as(who: string, method: string, path: string, init: Send = {}) {
	const headers = { ...init?.headers, authorization: `Bearer ${who}` };
	const response = await app.send(method, path, { ...init, headers });
	const text = await response.text();
	if (who === "carol" || who === "narrowed" || who === "stranger") {
		expect(text).not.toContain("CANARY");
		expect(text).not.toContain("secret_key");
	}
	return { status: response.status, text, headers: response.headers };
}

async function upload(unit: string, body: string): Promise<void> {
	const path = `/v1/units/${unit.replaceAll("/", "__")}/upload`;
	expect((await app.send("POST", path, { body })).status).toBe(200);
}

async function give(who: string, rule: string): Promise<void> {
	const id = `${who}-role`;
	const post = (path: string, json: object) =>
		app.send("POST", `/v1/rbac/${path}`, { body: JSON.stringify(json) });
	for (const made of [
		await post("permissions", { id, rules: [rule] }),
		await post("roles", { id, name: id }),
		await post(`roles/${id}/permissions`, { permission_id: id }),
		await post("users/assign", { email: `${who}@example.com`, role_id: id }),
	]) {
		expect([made.status < 300, await made.text()]).toEqual([true, expect.anything()]);
	}
}

beforeAll(async () => {
	app = createTestApp({ decide: "roles", principals, admins: ["boss@example.com"] });
	server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		development: false,
		fetch: (request) => app.app.fetch(request),
	});
	await app.send("POST", "/v1/rbac/init");
	await give("carol", "allow:unit.read-outputs:network/*#vpc_*");
	await give("writer", "allow:unit.read-outputs,unit.write,unit.lock:network/*");
	await give("reader", "allow:unit.read:*");
	await give("most", "allow:unit.read-outputs:*");
	const no = { id: "no-secrets", rules: ["deny:unit.read-outputs:*#secret_*"] };
	await app.send("POST", "/v1/rbac/permissions", { body: JSON.stringify(no) });
	await app.send("POST", "/v1/rbac/roles/most-role/permissions", {
		body: JSON.stringify({ permission_id: "no-secrets" }),
	});
	for (const id of ["network/prod", "network/empty", "db/prod"]) {
		const body = JSON.stringify({ id, labels: { env: "CANARY-label" } });
		expect((await app.send("POST", "/v1/units", { body })).status).toBe(201);
	}
	for (const serial of [1, 2]) await upload("network/prod", stateOf(serial));
	await upload("db/prod", stateOf(1));
});

afterAll(async () => {
	await server.stop(true);
	await app[Symbol.asyncDispose]();
});

beforeEach(() => {
	app.log.length = 0;
});

describe("the state of outputs", () => {
	for (const path of ["/v1/backend/network/prod", "/v1/units/network__prod/download"]) {
		test(`comes from ${path}, the same bytes each time`, async () => {
			const read = await as("carol", "GET", path);
			expect(read).toMatchObject({ status: 200, text: limited(2) });
			expect(read.headers.get("content-length")).toBe(String(limited(2).length));
			expect(read.headers.get("x-opentaco-serial")).toBe("2");
			const etag = read.headers.get("etag") ?? "";
			const again = await as("carol", "GET", path, { headers: { "if-none-match": etag } });
			expect(again.status).toBe(304);
			const whole = await as("reader", "GET", path);
			expect(whole.text).toBe(stateOf(2));
			expect(whole.headers.get("etag")).not.toBe(etag);
		});

		test(`does not come from ${path} for whoever may write, or may nothing`, async () => {
			expect((await as("writer", "GET", path)).status).toBe(404);
			expect((await as("stranger", "GET", path)).status).toBe(404);
		});

		test(`holds at ${path} what each one may read`, async () => {
			const names = async (who: string) =>
				Object.keys(JSON.parse((await as(who, "GET", path)).text).outputs);
			expect(await names("most")).toEqual(["other", "vpc_id", "vpc_token"]);
			expect(await names("narrowed")).toEqual(["vpc_id"]);
		});
	}

	test("is of the current version only", async () => {
		const base = "/v1/units/network__prod";
		expect((await as("carol", "GET", `${base}/download?version=2`)).text).toBe(limited(2));
		for (const path of [
			"/download?version=1",
			"/versions/1/download",
			"/versions/3/download",
			"/outputs?version=1",
		]) {
			expect(await as("carol", "GET", `${base}${path}`)).toMatchObject({ status: 404 });
		}
	});

	test("is not there where there is no state, no unit or no grant", async () => {
		expect((await as("carol", "GET", "/v1/backend/network/empty")).status).toBe(204);
		expect((await as("carol", "GET", "/v1/backend/network/none")).status).toBe(404);
		const hidden = await as("carol", "GET", "/v1/units/db__prod/download");
		const never = await as("carol", "GET", "/v1/units/db__none/download");
		const plain = ({ status, text }: typeof hidden) => ({
			status,
			text: text.replace(/"request_id":"[^"]*"/, ""),
		});
		expect(plain(hidden)).toEqual(plain(never));
	});

	test("opens nothing else", async () => {
		const base = "/v1/units/network__prod";
		const calls = [
			["GET", base],
			["GET", `${base}/versions`],
			["GET", `${base}/versions/2`],
			["POST", `${base}/upload`, stateOf(3)],
			["POST", `${base}/lock`, JSON.stringify({ id: "x" })],
			["DELETE", `${base}/unlock`, JSON.stringify({ id: "x" })],
			["POST", `${base}/restore`, JSON.stringify({ version: 1 })],
			["DELETE", base],
			["POST", "/v1/backend/network/prod", stateOf(3)],
			["LOCK", "/v1/backend/network/prod", JSON.stringify(lockInfo)],
			["UNLOCK", "/v1/backend/network/prod", JSON.stringify(lockInfo)],
			["DELETE", "/v1/backend/network/prod"],
		] as const;
		for (const [method, path, body] of calls) {
			const { status } = await as("carol", method, path, body === undefined ? {} : { body });
			expect({ method, path, status }).toEqual({ method, path, status: 404 });
		}
		expect(JSON.parse((await as("carol", "GET", "/v1/units")).text).units).toEqual([]);
	});

	test("cannot be made of what the client has encrypted", async () => {
		await app.send("POST", "/v1/units", { body: JSON.stringify({ id: "network/sealed" }) });
		await upload("network/sealed", '{"serial":1,"lineage":"l","meta":{},"encrypted_data":"x"}');
		const { status, text } = await as("carol", "GET", "/v1/backend/network/sealed");
		expect([status, text]).toEqual([403, expect.stringContaining("encrypted")]);
	});

	test("is made of a plain state that nobody has taken over, too", async () => {
		const id = parseUnitId("network/plain");
		await app.store.put(stateKeyOfUnit(id), new TextEncoder().encode(stateOf(7)));
		expect((await as("carol", "GET", "/v1/backend/network/plain")).text).toBe(limited(7));
		const path = "/v1/units/network__plain/outputs";
		expect(JSON.parse((await as("carol", "GET", path)).text)).toMatchObject({ version: null });
		const page = await app.store.list({ prefix: "__opentaco/log/network__plain", limit: 1 });
		expect(page.blobs).toEqual([]);
	});
});

describe("single outputs over /v1", () => {
	const path = "/v1/units/network__prod/outputs";

	test("are those that are granted; the others do not exist", async () => {
		const { outputs } = JSON.parse((await as("carol", "GET", path)).text);
		expect(outputs).toEqual({
			vpc_id: { sensitive: false, type: "string", value: "vpc-1" },
			vpc_token: { sensitive: true, type: "string", value: "granted-secret" },
		});
		expect((await as("carol", "GET", `${path}?name=vpc_id`)).status).toBe(200);
		const bare = async (name: string) =>
			(await as("carol", "GET", `${path}?name=${name}`)).text.replace(/"request_id":"[^"]*"/, "");
		expect(await bare("other")).toBe(await bare("never"));
		expect(JSON.parse((await as("writer", "GET", path)).text).outputs).toHaveProperty("other");
		expect((await as("stranger", "GET", path)).status).toBe(404);
	});

	test("are shown on the command line as Terraform shows them", async () => {
		const run = async (who: string, ...words: string[]) => {
			await using folder = await temporaryDirectory();
			const cwd = folder.path;
			const url = `http://127.0.0.1:${server.port}`;
			const env = { OPENTACO_SERVER: url, OPENTACO_TOKEN: who, HOME: cwd, XDG_CONFIG_HOME: cwd };
			return await taco(words, { cwd, env });
		};
		const list = await run("carol", "unit", "output", "network/prod");
		expect(list).toEqual({
			code: 0,
			out: 'vpc_id = "vpc-1"\nvpc_token = <sensitive>\n',
			err: "",
		});
		const raw = await run("carol", "unit", "output", "network/prod", "vpc_token", "--raw");
		expect(raw.out).toBe("granted-secret");
		const none = await run("carol", "unit", "output", "network/prod", "other");
		expect([none.code, none.out]).toEqual([3, ""]);
		const open = await run("carol", "unit", "output", "network/prod", "--show-sensitive");
		expect(open.out).toContain('vpc_token = "granted-secret"');
		const json = await run("carol", "unit", "output", "network/prod", "--json");
		expect(Object.keys(JSON.parse(json.out))).toEqual(["vpc_id", "vpc_token"]);
		const value = await run("carol", "unit", "output", "network/prod", "vpc_id", "--json");
		expect(value.out).toBe('"vpc-1"\n');
		const old = await run("carol", "unit", "output", "network/prod", "--version", "1");
		expect(old.code).toBe(3);
		for (const words of [["--raw"], ["vpc_id", "--raw", "--json"], ["--version", "x"]]) {
			const wrong = await run("carol", "unit", "output", "network/prod", ...words);
			expect([wrong.code, wrong.out]).toEqual([2, ""]);
		}
		const pulled = await run("carol", "unit", "pull", "network/prod");
		expect(pulled.out).toBe(limited(2));
		const may = await run(
			"carol",
			"rbac",
			"test",
			"me",
			"unit.read-outputs",
			"network/prod#vpc_id",
		);
		expect(may.code).toBe(0);
		const mayNot = await run("carol", "rbac", "test", "me", "unit", "output", "network/prod#other");
		expect(mayNot.code).toBe(5);
	});
});

describe("over the TFE API", () => {
	const base = "/tfe/api/v2";

	async function tfe(who: string, path: string) {
		const { status, text } = await as(who, "GET", `${base}${path}`);
		return { status, text, json: text.startsWith("{") ? JSON.parse(text) : null };
	}

	test("the workspace is there, alone and without its labels", async () => {
		const list = (await tfe("carol", "/organizations/default/workspaces")).json;
		const names = list.data.map((one: { attributes: { name: string } }) => one.attributes.name);
		expect(names).toContain("network__prod");
		expect(names).not.toContain("db__prod");
		const named = await tfe("carol", "/organizations/default/workspaces/network__prod");
		expect(named.json.data.attributes.permissions).toMatchObject({
			"can-read-state-outputs": true,
			"can-read-state-versions": false,
			"can-update": false,
			"can-lock": false,
		});
		const search = "?filter[tagged][0][key]=env&filter[tagged][0][value]=CANARY-label";
		const found = await tfe("carol", `/organizations/default/workspaces${search}`);
		expect(found.json.data).toEqual([]);
		expect((await tfe("stranger", "/organizations/default/workspaces")).json.data).toEqual([]);
	});

	test("the current state version has the size and MD5 of what is downloaded", async () => {
		const { data } = (
			await tfe("carol", `/workspaces/${workspaceId("network/prod")}/current-state-version`)
		).json;
		const expected = limited(2);
		const md5 = new Bun.CryptoHasher("md5").update(expected).digest("hex");
		expect(data.attributes).toMatchObject({ serial: 2, md5, size: expected.length, lineage });
		const { pathname } = new URL(data.attributes["hosted-state-download-url"]);
		expect((await as("carol", "GET", pathname)).text).toBe(expected);
		expect((await as("reader", "GET", pathname)).status).toBe(404);
		const outputs = await tfe("carol", `/state-versions/${data.id}/outputs`);
		expect(outputs.json.data).toHaveLength(2);
		const whole = (
			await tfe("reader", `/workspaces/${workspaceId("network/prod")}/current-state-version`)
		).json;
		for (const path of ["", "/download", "/outputs"]) {
			const { status } = await tfe("carol", `/state-versions/${whole.data.id}${path}`);
			// The list of outputs of the version is the caller's own in any case.
			expect([path, status]).toEqual([path, path === "/outputs" ? 200 : 404]);
		}
		expect(
			(await tfe("writer", `/workspaces/${workspaceId("network/prod")}/current-state-version`))
				.status,
		).toBe(404);
	});

	test("outputs are listed and shown one by one, the others are not there", async () => {
		const list = await tfe(
			"carol",
			`/workspaces/${workspaceId("network/prod")}/current-state-version-outputs`,
		);
		const [first, second] = list.json.data;
		expect(first.attributes).toMatchObject({ name: "vpc_id", value: "vpc-1" });
		expect(second.attributes).toMatchObject({ name: "vpc_token", value: null, sensitive: true });
		const shown = await tfe("carol", `/state-version-outputs/${second.id}`);
		expect(shown.json.data.attributes.value).toBe("granted-secret");
		const forged = second.id.replace(/[0-9a-f]+$/, Buffer.from("secret_key").toString("hex"));
		expect((await tfe("reader", `/state-version-outputs/${forged}`)).status).toBe(200);
		expect((await tfe("carol", `/state-version-outputs/${forged}`)).status).toBe(404);
		expect(
			(await tfe("carol", `/workspaces/${workspaceId("network/prod")}/state-versions`)).status,
		).toBe(404);
	});
});

describe("over S3", () => {
	const target = { Bucket: "opentaco", Key: "network/prod/terraform.tfstate" };

	async function client(who: string): Promise<S3Client> {
		const issued = JSON.parse((await as(who, "POST", "/v1/auth/issue-s3-creds")).text);
		return new S3Client({
			endpoint: `http://127.0.0.1:${server.port}/s3`,
			region: "auto",
			forcePathStyle: true,
			maxAttempts: 1,
			credentials: {
				accessKeyId: issued.AccessKeyId,
				secretAccessKey: issued.SecretAccessKey,
				sessionToken: issued.SessionToken,
			},
		});
	}

	test("objects are of that size, with ranges and conditions", async () => {
		const s3 = await client("carol");
		const expected = limited(2);
		const etag = `"${new Bun.CryptoHasher("md5").update(expected).digest("hex")}"`;
		const head = await s3.send(new HeadObjectCommand(target));
		expect(head).toMatchObject({ ContentLength: expected.length, ETag: etag });
		const whole = await s3.send(new GetObjectCommand(target));
		expect(await whole.Body?.transformToString()).toBe(expected);
		expect(whole).toMatchObject({ ETag: etag, VersionId: "2" });
		const part = await s3.send(new GetObjectCommand({ ...target, Range: "bytes=4-12" }));
		expect(await part.Body?.transformToString()).toBe(expected.slice(4, 13));
		expect(part.ContentRange).toBe(`bytes 4-12/${expected.length}`);
		const known = new GetObjectCommand({ ...target, IfNoneMatch: etag });
		await expect(s3.send(known)).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
		s3.destroy();
	});

	test("nothing else is opened", async () => {
		const s3 = await client("carol");
		const old = new GetObjectCommand({ ...target, VersionId: "1" });
		await expect(s3.send(old)).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
		const other = new GetObjectCommand({ ...target, Key: "db/prod/terraform.tfstate" });
		await expect(s3.send(other)).rejects.toMatchObject({ $metadata: { httpStatusCode: 404 } });
		const put = new PutObjectCommand({ ...target, Body: stateOf(3) });
		const refused = await s3.send(put).catch((error) => error.$metadata.httpStatusCode);
		expect([403, 404]).toContain(refused);
		const listed = await s3.send(new ListObjectsV2Command({ Bucket: "opentaco" }));
		expect(listed.Contents ?? []).toEqual([]);
		const writer = await client("writer");
		await expect(writer.send(new GetObjectCommand(target))).rejects.toMatchObject({
			$metadata: { httpStatusCode: 404 },
		});
		s3.destroy();
		writer.destroy();
	});
});

test("nothing of it is logged", async () => {
	for (const path of ["/v1/backend/network/prod", "/v1/units/network__prod/outputs"]) {
		await as("carol", "GET", path);
	}
	const log = app.log.join("");
	for (const secret of ["CANARY", "granted-secret", adminToken]) expect(log).not.toContain(secret);
});
