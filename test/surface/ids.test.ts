/** All surfaces agree on what is a unit id, whichever way it is spelled. */
import { afterAll, describe, expect, test } from "bun:test";
import { isKey } from "../../src/core/ports/blob-key.ts";
import { badIds, goodIds } from "../fixtures/unit-ids.ts";
import { createTestApp, stateText, type TestApp } from "./test-app.ts";

/** Words that end an address with raw slashes, or an item of one. */
const endsInAction =
	/\/(lock|unlock|force-unlock|undelete|download|upload|versions|restore)$|\/versions\/[0-9]+$/;

function spellings(id: string, encoded: string): string[] {
	const all = [encoded, encodeURIComponent(id)];
	return endsInAction.test(id) ? all : [...all, id];
}

async function statusOf({ send }: TestApp, method: string, path: string, body?: string) {
	const response = await send(method, path, body === undefined ? {} : { body });
	return { status: response.status, text: await response.text() };
}

describe("good ids", () => {
	for (const { id, encoded } of goodIds.filter(({ key }) => isKey(key))) {
		test(`${id} is one unit in every spelling`, async () => {
			await using app = createTestApp();
			const created = await statusOf(app, "POST", "/v1/units", JSON.stringify({ id }));
			expect(created).toMatchObject({ status: 201 });
			for (const spelling of spellings(id, encoded)) {
				const unit = await statusOf(app, "GET", `/v1/units/${spelling}`);
				expect(JSON.parse(unit.text)).toMatchObject({ id });
				const written = await statusOf(app, "POST", `/v1/backend/${spelling}`, stateText(1));
				expect(written).toMatchObject({ status: 200 });
				expect(await statusOf(app, "GET", `/v1/backend/${spelling}`)).toEqual({
					status: 200,
					text: stateText(1),
				});
				expect(await statusOf(app, "GET", `/v1/units/${spelling}/download`)).toEqual({
					status: 200,
					text: stateText(1),
				});
			}
			const list = await (await app.send("GET", "/v1/units")).json();
			expect(list).toMatchObject({ count: 1, units: [{ id }] });
		});
	}
});

/** Ids that stand for keys which S3 knows and no store of ours takes. */
describe("ids of keys that cannot be stored", () => {
	const unstorable = goodIds.filter(({ key }) => !isKey(key) && !key.endsWith("/"));

	test("exist in the corpus", () => expect(unstorable.length).toBeGreaterThan(3));

	for (const { id, encoded } of unstorable) {
		test(`${id} is refused by every surface`, async () => {
			await using app = createTestApp();
			const answers = await Promise.all([
				statusOf(app, "POST", "/v1/units", JSON.stringify({ id })),
				statusOf(app, "GET", `/v1/units/${encoded}`),
				statusOf(app, "GET", `/v1/units/${encoded}/download`),
				statusOf(app, "GET", `/v1/backend/${encoded}`),
				statusOf(app, "POST", `/v1/backend/${encoded}`, stateText(1)),
			]);
			for (const { status, text } of answers) {
				expect({ status, error: JSON.parse(text).error }).toEqual({
					status: 400,
					error: "invalid_unit_id",
				});
			}
		});
	}
});

/** In a body an id stands as it is; `__` for `/`, and the empty rest of a path, are spellings of URLs. */
describe("bad ids", () => {
	const app = createTestApp();

	afterAll(() => app.core.flush());

	for (const id of badIds) {
		const name = JSON.stringify(id).slice(0, 40);
		test(`${name} is refused in a body and not repeated`, async () => {
			const refused = await statusOf(app, "POST", "/v1/units", JSON.stringify({ id }));
			expect(refused).toMatchObject({ status: 400 });
			expect(JSON.parse(refused.text)).toMatchObject({ error: "invalid_unit_id" });
			if (id.length > 24) expect(refused.text).not.toContain(id);
		});

		test.skipIf(!id.isWellFormed())(
			`${name} is refused in a path by both surfaces alike`,
			async () => {
				// `.` and `..` never arrive: clients and servers resolve them, encoded or not.
				if (/^(?:\.|%2e){1,2}$/i.test(id) || id === "") return;
				const path = encodeURIComponent(id);
				const [unit, state] = await Promise.all([
					statusOf(app, "GET", `/v1/units/${path}`),
					statusOf(app, "GET", `/v1/backend/${path}`),
				]);
				const isSpelling = id.includes("__") || id.endsWith(":lock");
				expect(unit.status === 400 || (isSpelling && [404, 405].includes(unit.status))).toBe(true);
				expect(state.status === 400 || (isSpelling && [404, 405].includes(state.status))).toBe(
					true,
				);
				const list = await (await app.send("GET", "/v1/units")).json();
				expect(list).toMatchObject({ count: 0 });
			},
		);
	}
});
