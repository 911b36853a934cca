/** `/v1/units/…/versions` and `/restore`: the history. */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import type { Scenario } from "./scenario.ts";
import { stateText } from "./test-app.ts";

const json = (value: unknown): string => JSON.stringify(value);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

export const versionScenarios: readonly Scenario[] = [
	{
		name: "lists versions, newest first",
		covers: "listVersions",
		kind: "ok",
		method: "GET",
		path: "/v1/units/app__prod/versions",
		status: 200,
		contains: [
			'"unit_id":"app/prod","versions":[{"version":2',
			'"count":2',
			`"hash":"${sha256(stateText(1))}"`,
		],
	},
	{
		name: "lists no versions as an empty list",
		covers: "listVersions",
		kind: "ok",
		method: "GET",
		path: "/v1/units/app__empty/versions",
		status: 200,
		exactBody: '{"unit_id":"app/empty","versions":[],"count":0}',
	},
	{
		name: "shows one version",
		covers: "getVersion",
		kind: "ok",
		method: "GET",
		path: "/v1/units/app/prod/versions/1",
		status: 200,
		contains: ['"version":1', '"current":false', '"available":true', '"cause":"write"'],
	},
	...["0", "3", "99999999999999999999"].map(
		(number): Scenario => ({
			name: `has no version ${number}`,
			covers: "getVersion",
			kind: "refused",
			method: "GET",
			path: `/v1/units/app__prod/versions/${number}`,
			status: 404,
			contains: ["version_not_found"],
		}),
	),
	{
		name: "downloads a version",
		covers: "downloadVersion",
		kind: "ok",
		method: "GET",
		path: "/v1/units/app%2Fprod/versions/1/download",
		status: 200,
		exactBody: stateText(1),
		responseHeaders: { "x-opentaco-version": "1" },
	},
	{
		name: "restores a version as a new one with a higher serial",
		covers: "restoreVersion",
		kind: "ok",
		method: "POST",
		path: "/v1/units/app__prod/restore",
		body: json({ version: 1 }),
		status: 200,
		contains: ['"restored_version":1', '"version":3', '"serial":3', '"previous_serial":2'],
		after: async ({ send }) => {
			const now = await send("GET", "/v1/units/app__prod/download");
			expect(await now.text()).toBe(stateText(3));
		},
	},
	{
		name: "tells what a restore would do and does nothing",
		covers: "restoreVersion",
		kind: "ok",
		method: "POST",
		path: "/v1/units/app__prod/restore",
		body: json({ version: 1, preview: true }),
		status: 200,
		contains: ['"version":null', '"preview":true'],
		after: async ({ send }) => {
			const now = await send("GET", "/v1/units/app__prod/download");
			expect(await now.text()).toBe(stateText(2));
		},
	},
	...(
		[
			["{}", 400, "invalid_request"],
			['{"version":1,"timestamp":"x"}', 400, "invalid_request"],
			['{"version":"1"}', 400, "invalid_request"],
			['{"version":7}', 404, "version_not_found"],
		] as const
	).map(
		([body, status, code]): Scenario => ({
			name: `refuses to restore from ${body}`,
			covers: "restoreVersion",
			kind: "refused",
			method: "POST",
			path: "/v1/units/app__prod/restore",
			body,
			status,
			contains: [code],
		}),
	),
];
