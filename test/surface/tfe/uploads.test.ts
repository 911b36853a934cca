/** How a state comes in over the TFE API. */
import { describe, expect, test } from "bun:test";
import { ownGrant } from "../../../src/auth/shared-state.ts";
import { stateText } from "../test-app.ts";
import {
	announce,
	announcement,
	base,
	call,
	lock,
	pathOf,
	prod,
	put,
	seeded,
	unlock,
} from "./client.ts";

/** `text` with each other character of base64url in the place `at`, counted from the end. */
function respellings(text: string, at: number): string[] {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=";
	return [...alphabet]
		.map((character) => text.slice(0, at) + character + text.slice(text.length + at + 1))
		.filter((other) => other !== text);
}

const admin = { id: "admin", credentialKind: "admin-token", loginId: "seed" } as const;

describe("uploads", () => {
	test("a version exists and is current only when its bytes are in", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		expect(upload.status).toBe("pending");
		const before = await call(app, "GET", `${prod}/current-state-version`);
		expect(before.one.attributes.serial).toBe(2);
		const pending = await call(app, "GET", `${base}/state-versions/${upload.id}`);
		expect(pending.one.attributes).toMatchObject({ status: "pending", serial: 3 });
		expect((await call(app, "GET", `${base}/state-versions/${upload.id}/download`)).status).toBe(
			404,
		);

		expect(await put(app, upload.json, '{"anything": true}')).toBe(200);
		expect(await put(app, upload.state, next)).toBe(200);
		const after = await call(app, "GET", `${prod}/current-state-version`);
		expect(after.one).toMatchObject({
			id: upload.id,
			attributes: { serial: 3, status: "finalized" },
		});
		expect(after.one.attributes["hosted-state-upload-url"]).toBeUndefined();
		expect((await call(app, "GET", `${base}/state-versions/${upload.id}/download`)).text).toBe(
			next,
		);
		expect((await call(app, "GET", "/v1/backend/app/prod")).text).toBe(next);
	});

	test("the address takes the announced bytes, again too, and no others", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		expect(await put(app, upload.state, stateText(3, "other"))).toBe(422);
		expect(await put(app, upload.state, next)).toBe(200);
		expect(await put(app, upload.state, next)).toBe(200);
		await unlock(app);
		expect(await put(app, upload.state, next)).toBe(200);
		expect(await put(app, upload.state, stateText(3, "other"))).toBe(422);
		await lock(app);
		const again = await announce(app, next);
		expect(again).toMatchObject({ id: upload.id, status: "finalized" });
		expect(await put(app, again.state, next)).toBe(200);
		expect((await call(app, "GET", `${prod}/state-versions`)).all.length).toBe(3);
		const later = await announce(app, stateText(4));
		expect(await put(app, later.state, stateText(4))).toBe(200);
		expect(await put(app, upload.state, next)).toBeGreaterThanOrEqual(409);
		expect((await call(app, "GET", `${prod}/current-state-version`)).one.id).toBe(later.id);
	});

	test("a forced upload is not good for a second time either", async () => {
		await using app = await seeded();
		await lock(app);
		const old = stateText(1, "forced");
		const forced = await announce(app, old, { force: true });
		expect(await put(app, forced.state, old)).toBe(200);
		const next = await announce(app, stateText(2, "next"));
		expect(await put(app, next.state, stateText(2, "next"))).toBe(200);
		expect(await put(app, forced.state, old)).toBe(412);
	});

	test("a changed or exchanged address is refused", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		for (const path of [`${base}/uploads/x`, `${base}/uploads/`, `${upload.state}A`]) {
			expect(await put(app, path, next)).toBeOneOf([403, 404]);
		}
		// The last character may hold bits that decode to nothing; still it has one spelling only.
		for (const at of [-1, -2, -30]) {
			for (const path of respellings(upload.state, at)) {
				expect({ path, status: await put(app, path, next) }).toEqual({ path, status: 403 });
			}
		}
		expect((await app.send("GET", upload.state, { as: "nobody" })).status).toBe(403);
		expect((await app.send("POST", upload.state, { as: "nobody", body: next })).status).toBe(403);
		expect(await put(app, upload.json, next)).toBe(200);
		expect((await call(app, "GET", `${prod}/current-state-version`)).one.attributes.serial).toBe(2);
	});

	test("a broken lock ends the upload", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const upload = await announce(app, next);
		await call(app, "POST", `${prod}/actions/force-unlock`, undefined, "otc-bob");
		expect(await put(app, upload.state, next)).toBe(409);
		await lock(app, "otc-bob");
		expect(await put(app, upload.state, next)).toBe(409);
		expect(
			(await call(app, "GET", `${base}/state-versions/${upload.id}`)).one.attributes.status,
		).toBe("pending");
		await unlock(app, "otc-bob");
		expect((await call(app, "GET", `${base}/state-versions/${upload.id}`)).status).toBe(404);
	});

	test("the end of the token ends the upload", async () => {
		await using app = await seeded();
		const { tokens } = await app.identities;
		const grant = await ownGrant({ principal: admin, surface: "management", requestId: "seed" });
		const wanted = { roles: null, units: null, lifeMs: null, organization: null } as const;
		const issued = await tokens.issue(grant, {
			...{ kind: "tfe", name: "ci", subject: "user:dave" },
			...wanted,
		});
		expect((await lock(app, issued.token)).status).toBe(200);
		const next = stateText(3);
		const path = `${prod}/state-versions`;
		const announced = await call(app, "POST", path, announcement(next), issued.token);
		const url = pathOf(announced.one.attributes["hosted-state-upload-url"]);
		await tokens.revoke(grant, issued.view.id);
		const refused = await app.send("PUT", url, { body: next, as: "nobody" });
		expect(refused.status).toBe(403);
		expect(await refused.text()).toContain("login behind this upload address has ended");
	});

	test("a state may stand in the request", async () => {
		await using app = await seeded();
		await lock(app);
		const next = stateText(3);
		const state = Buffer.from(next).toString("base64");
		const written = await call(
			app,
			"POST",
			`${prod}/state-versions`,
			announcement(next, { state }),
		);
		expect(written).toMatchObject({ status: 201, one: { attributes: { status: "finalized" } } });
		expect((await call(app, "GET", "/v1/backend/app/prod")).text).toBe(next);
	});

	test("serials, lineages and checksums are checked", async () => {
		await using app = await seeded();
		const path = `${prod}/state-versions`;
		const without = await call(app, "POST", path, announcement(stateText(3)));
		expect(without).toMatchObject({ status: 409, detail: expect.stringContaining("not locked") });
		await lock(app);
		const older = await call(app, "POST", path, announcement(stateText(1, "old")));
		expect(older.detail).toContain("`taco unit push --force app/prod FILE`");
		const cases: [object, number][] = [
			[announcement(stateText(1, "old")), 409],
			[announcement(stateText(2, "same serial")), 409],
			[announcement(stateText(3), { lineage: "another" }), 409],
			[announcement(stateText(3), { lineage: "" }), 201],
			[announcement(stateText(3), { md5: "short" }), 422],
			[announcement(stateText(3), { serial: "3" }), 422],
			[announcement(stateText(3), { state: "no base64!" }), 422],
			[announcement(stateText(3), { state: "e30=" }), 422],
		];
		for (const [document, status] of cases) {
			expect((await call(app, "POST", path, document)).status).toBe(status);
		}
		expect((await call(app, "POST", path, announcement(stateText(3)), "otc-bob")).status).toBe(409);
	});
});
