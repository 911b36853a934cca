/** The system unit's state with live values, through every door: one content, one set of hashes. */
import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { systemUnitId } from "../../src/core/unit/unit-id.ts";
import { edgeState, pending, shownState } from "../support/system-unit.ts";
import { workspaceId } from "../support/workspace-id.ts";
import { createTestApp } from "./test-app.ts";

const unit = systemUnitId;
const s3 = `/s3/opentaco/${unit}/terraform.tfstate`;
const workspace = `/tfe/api/v2/workspaces/${workspaceId(unit)}`;
const hash = (name: string, text: string) => createHash(name).update(text).digest("hex");

/** The system unit with one version, shown with the value `d1`. */
async function opened() {
	const app = createTestApp({ isAuthDisabled: true });
	let digest = "d1";
	app.core.parts.systemState.useLiveValues(async () => () => pending(digest));
	const show = async (value: string): Promise<void> => {
		await app.core.tasks.idle();
		digest = value;
		await app.core.parts.systemState.refresh();
	};
	const get = async (path: string, headers: Record<string, string> = {}) =>
		await app.send("GET", path, { headers });
	const textOf = async (path: string) => await (await get(path)).text();
	const created = await app.send("POST", "/v1/units", { body: JSON.stringify({ id: unit }) });
	expect(created.status).toBe(201);
	const written = await app.send("POST", `/v1/backend/${unit}`, { body: edgeState(1) });
	expect(written.status).toBe(200);
	await show("d1");
	return {
		...{ app, show, get, textOf },
		jsonOf: async (path: string) => JSON.parse(await textOf(path)),
		[Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
	};
}

describe("the current state", () => {
	test.each([
		["the HTTP backend", `/v1/backend/${unit}`],
		["the management API", `/v1/units/${unit}/download`],
		["the S3 endpoint", s3],
	])("is shown with live values over %s", async (_name, path) => {
		await using system = await opened();
		const { textOf } = system;
		expect(await textOf(path)).toBe(shownState(1, "d1"));
	});

	test("has an ETag of its own, which changes with the values", async () => {
		await using system = await opened();
		const { get, show } = system;
		const { headers } = await get(`/v1/backend/${unit}`);
		const etag = headers.get("etag") ?? "";
		const again = await get(`/v1/backend/${unit}`, { "if-none-match": etag });
		expect(again.status).toBe(304);
		await show("d2");
		const changed = await get(`/v1/backend/${unit}`, { "if-none-match": etag });
		expect(await changed.text()).toBe(shownState(1, "d2"));
	});

	test("is described as it is shown", async () => {
		await using system = await opened();
		const { app, jsonOf } = system;
		expect(await jsonOf(`/v1/units/${unit}`)).toMatchObject({
			...{ size: shownState(1, "d1").length, version: 1, serial: 1, lineage: "line" },
		});
		const head = await app.send("HEAD", s3);
		expect(head.headers.get("etag")).toBe(`"${hash("md5", shownState(1, "d1"))}"`);
		expect(head.headers.get("content-length")).toBe(String(shownState(1, "d1").length));
	});
});

describe("the history", () => {
	test("has what was written", async () => {
		await using system = await opened();
		const { jsonOf, textOf } = system;
		const { versions } = await jsonOf(`/v1/units/${unit}/versions`);
		expect(versions).toHaveLength(1);
		expect(versions[0]).toMatchObject({
			...{ version: 1, current: true, hash: hash("sha256", edgeState(1)) },
		});
		expect(await textOf(`/v1/units/${unit}/versions/1/download`)).toBe(edgeState(1));
		expect(await textOf(`${s3}?versionId=1`)).toBe(edgeState(1));
	});
});

describe("the cloud backend", () => {
	const current = `${workspace}/current-state-version`;

	test("names what is shown, and serves it under that name while it is current", async () => {
		await using system = await opened();
		const { jsonOf, textOf, show } = system;
		const { id, attributes } = (await jsonOf(current)).data;
		expect(attributes).toMatchObject({
			...{ md5: hash("md5", shownState(1, "d1")), size: shownState(1, "d1").length, serial: 1 },
		});
		const download = `/tfe/api/v2/state-versions/${id}/download`;
		expect(await textOf(download)).toBe(shownState(1, "d1"));
		await show("d2");
		// Between the two requests of a client the values may change: the name still leads somewhere.
		expect(await textOf(download)).toBe(shownState(1, "d2"));
		expect((await jsonOf(`/tfe/api/v2/state-versions/${id}`)).data.attributes.serial).toBe(1);
		const outputs = await jsonOf(`/tfe/api/v2/state-versions/${id}/outputs`);
		expect(outputs.data).toHaveLength(1);
	});

	test("lists what was written, and serves it under its name", async () => {
		await using system = await opened();
		const { jsonOf, textOf } = system;
		const { data } = await jsonOf(`${workspace}/state-versions`);
		expect(data).toHaveLength(1);
		expect(data[0].attributes.md5).toBe(hash("md5", edgeState(1)));
		const download = `/tfe/api/v2/state-versions/${data[0].id}/download`;
		expect(await textOf(download)).toBe(edgeState(1));
	});

	test("knows no name with another content", async () => {
		await using system = await opened();
		const { jsonOf, get } = system;
		const { id } = (await jsonOf(current)).data;
		const other = id.replace(/[0-9a-f]{32}$/, hash("md5", "other"));
		expect((await get(`/tfe/api/v2/state-versions/${other}/download`)).status).toBe(404);
	});
});

test("a conditional write over S3 goes on from what was shown", async () => {
	await using system = await opened();
	const { app, textOf, show } = system;
	const head = await app.send("HEAD", s3);
	const written = await app.send("PUT", s3, {
		body: edgeState(2),
		headers: { "if-match": head.headers.get("etag") ?? "" },
	});
	expect(written.status).toBe(200);
	expect(written.headers.get("etag")).toBe(`"${hash("md5", edgeState(2))}"`);
	expect(await textOf(s3)).toBe(edgeState(2));
	await show("d3");
	expect(await textOf(s3)).toBe(shownState(2, "d3"));
	expect(await textOf(`/v1/units/${unit}/versions/1/download`)).toBe(edgeState(1));
});
