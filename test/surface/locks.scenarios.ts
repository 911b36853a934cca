/** `/v1/units/…/lock`, `/unlock` and `/force-unlock`. */
import { expect } from "bun:test";
import type { Scenario } from "./scenario.ts";
import { lockInfo } from "./test-app.ts";

const json = (value: unknown): string => JSON.stringify(value);

export const lockScenarios: readonly Scenario[] = [
	...[
		"/v1/units/app__prod/lock",
		"/v1/units/app/prod/lock",
		"/v1/units/app__prod:lock",
		"/v1/units/app/prod:lock",
	].map(
		(path): Scenario => ({
			name: `locks at ${path}`,
			covers: "lockUnit",
			kind: "ok",
			method: "POST",
			path,
			body: json({ id: "L1", who: "bob", info: "why", version: "9" }),
			status: 200,
			contains: ['"id":"L1"', '"who":"bob"', '"info":"why"', '"principal":"admin"'],
			after: async ({ send }) => {
				expect(await (await send("GET", "/v1/units/app__prod")).json()).toMatchObject({
					locked: true,
					lock: { id: "L1" },
				});
			},
		}),
	),
	{
		name: "locks without a body under an id of its own making",
		covers: "lockUnit",
		kind: "ok",
		method: "POST",
		path: "/v1/units/app__prod/lock",
		status: 200,
		contains: ['"id":"'],
		lacks: ['"id":""'],
	},
	{
		name: "gives the same lock to the same id again",
		covers: "lockUnit",
		kind: "ok",
		method: "POST",
		path: "/v1/units/app__held/lock",
		body: json({ id: lockInfo.ID }),
		status: 200,
		contains: ['"who":"alice@laptop"'],
	},
	{
		name: "tells a second locker who the holder is",
		covers: "lockUnit",
		kind: "refused",
		method: "POST",
		path: "/v1/units/app__held/lock",
		body: json({ id: "L2" }),
		status: 409,
		contains: ['"error":"locked"', `"id":"${lockInfo.ID}"`, '"who":"alice@laptop"'],
	},
	{
		name: "refuses an empty lock id",
		covers: "lockUnit",
		kind: "refused",
		method: "POST",
		path: "/v1/units/app__prod/lock",
		body: json({ id: "" }),
		status: 400,
	},
	{
		name: "does not create a unit by locking it",
		covers: "lockUnit",
		kind: "refused",
		method: "POST",
		path: "/v1/units/new__unit/lock",
		status: 404,
		contains: ["unit_not_found"],
	},
	...(["unlockUnit", "unlockUnitByPost"] as const).flatMap((covers): Scenario[] => {
		const method = covers === "unlockUnit" ? "DELETE" : "POST";
		const common = { covers, method, path: "/v1/units/app__held/unlock" };
		return [
			{
				...common,
				name: `${method} releases the lock`,
				kind: "ok",
				body: json({ id: lockInfo.ID }),
				status: 200,
				contains: ["Unit unlocked successfully"],
			},
			{
				...common,
				name: `${method} releases a lock again`,
				kind: "ok",
				before: ({ send }) => send(method, common.path, { body: json({ id: lockInfo.ID }) }),
				body: json({ id: lockInfo.ID }),
				status: 200,
			},
			{
				...common,
				name: `${method} does not release another lock`,
				kind: "refused",
				body: json({ id: "other" }),
				status: 409,
				contains: ["lock_mismatch", '"who":"alice@laptop"'],
			},
			{ ...common, name: `${method} needs an id`, kind: "refused", status: 400 },
		];
	}),
	{
		name: "releases at the address with a colon",
		covers: "unlockUnit",
		kind: "ok",
		method: "DELETE",
		path: "/v1/units/app__held:unlock",
		body: json({ id: lockInfo.ID }),
		status: 200,
	},
	{
		name: "breaks a lock and shows it",
		covers: "forceUnlockUnit",
		kind: "ok",
		method: "POST",
		path: "/v1/units/app__held/force-unlock",
		status: 200,
		contains: ["The lock was broken", '"who":"alice@laptop"'],
	},
	{
		name: "breaks nothing where nothing is locked",
		covers: "forceUnlockUnit",
		kind: "ok",
		method: "POST",
		path: "/v1/units/app__prod/force-unlock",
		status: 200,
		contains: ["was not locked"],
	},
	{
		name: "breaks only the lock that is named",
		covers: "forceUnlockUnit",
		kind: "refused",
		method: "POST",
		path: "/v1/units/app__held/force-unlock",
		body: json({ id: "other" }),
		status: 409,
		contains: ["lock_mismatch"],
	},
];
