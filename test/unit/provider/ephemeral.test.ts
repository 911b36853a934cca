/** What lives for one run: opened, renewed, closed, over the protocol's own messages. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { CreateToken } from "../../../src/api/identity.ts";
import type { Api } from "../../../src/provider/configuration.ts";
import { ProviderService } from "../../../src/provider/plugin/service.ts";
import { decodeObject, encodeObject } from "../../../src/provider/plugin/value.ts";
import { ephemeralToken } from "../../../src/provider/resources/token.ts";
import * as messages from "../../../src/provider/wire/messages.ts";
import { decodeMessage, encodeMessage, type Message } from "../../../src/provider/wire/protobuf.ts";

/** A server that lets no token live longer than this. */
let lifeMaxSeconds: number;
let calls: string[];

const view = (ttl: number) => {
	const expires = new Date(Date.now() + Math.min(ttl, lifeMaxSeconds) * 1000).toISOString();
	return { id: "aa", subject: "service:ci", expires };
};
const identity = {
	createToken: async ({ ttl_seconds: ttl = 0 }: CreateToken) => {
		calls.push(`create ${ttl}`);
		return { ...view(ttl), token: "otc_svc_aa_bb" };
	},
	renewToken: async (id: string, ttl: number) => {
		calls.push(`renew ${id} ${ttl}`);
		return view(ttl);
	},
	revokeToken: async (id: string) => {
		calls.push(`revoke ${id}`);
	},
};

async function opened() {
	const service = new ProviderService<Api>({
		description: "",
		attributes: {},
		resources: {},
		dataSources: {},
		ephemerals: { opentaco_token: ephemeralToken },
		configure: async () => ({ identity }) as unknown as Api,
		explain: (error) => ({ summary: String(error), detail: "" }),
	});
	const rpcs = service.calls();
	const call = async <Q extends Message, R extends Message>(
		name: string,
		[request, value]: [Q, object],
		response: R,
	) => {
		const rpc = rpcs.get(`/tfplugin6.Provider/${name}`);
		if (rpc === undefined) throw new Error(`no ${name}`);
		const bytes = await rpc(encodeMessage(request, value), new AbortController().signal);
		return decodeMessage(response, bytes);
	};
	await call(
		"ConfigureProvider",
		[messages.ConfigureRequest, { config: encodeObject({}) }],
		messages.DiagnosticsResponse,
	);
	return call;
}

const config = (ttl: number | null) => {
	const names = Object.keys(ephemeralToken.attributes).map((name) => [name, null]);
	return { ...Object.fromEntries(names), name: "ci", service: true, ttl_seconds: ttl };
};

beforeEach(() => {
	lifeMaxSeconds = 1e6;
	calls = [];
});

describe("an ephemeral token", () => {
	test("is renewed at half its time, and revoked when it is closed", async () => {
		const call = await opened();
		const typeName = "opentaco_token";
		const before = Date.now();
		const open = await call(
			"OpenEphemeralResource",
			[messages.TypedConfig, { typeName, config: encodeObject(config(1000)) }],
			messages.OpenResponse,
		);
		expect(open.diagnostics).toEqual([]);
		const result = decodeObject(ephemeralToken.attributes, open.result);
		expect(result).toMatchObject({ token: "otc_svc_aa_bb", subject: "service:ci" });
		const renewAt = (open.renewAt?.seconds ?? 0) * 1000;
		expect(Math.abs(renewAt - before - 500_000)).toBeLessThan(60_000);
		const renewed = await call(
			"RenewEphemeralResource",
			[messages.CloseRequest, { typeName, private: open.private }],
			messages.RenewResponse,
		);
		expect(renewed.renewAt?.seconds).toBeGreaterThanOrEqual(open.renewAt?.seconds ?? 0);
		await call(
			"CloseEphemeralResource",
			[messages.CloseRequest, { typeName, private: renewed.private }],
			messages.DiagnosticsResponse,
		);
		expect(calls).toEqual(["create 1000", "renew aa 1000", "revoke aa"]);
	});

	test("that cannot live longer is not renewed for ever", async () => {
		lifeMaxSeconds = 10;
		const call = await opened();
		const open = await call(
			"OpenEphemeralResource",
			[messages.TypedConfig, { typeName: "opentaco_token", config: encodeObject(config(null)) }],
			messages.OpenResponse,
		);
		expect(open.renewAt).toBeUndefined();
		expect(calls).toEqual(["create 3600"]);
	});
});
