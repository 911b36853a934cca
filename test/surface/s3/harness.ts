/** The S3 surface on a real socket, on a core in memory, and the AWS SDK as its client. */
import { S3Client } from "@aws-sdk/client-s3";
import { type S3Credentials, Sts } from "../../../src/auth/sts/credentials.ts";
import { type Core, createCore } from "../../../src/core/core.ts";
import {
	type Organization,
	rootOrganization,
} from "../../../src/core/organization/organization.ts";
import type { Organizations } from "../../../src/core/organization/organizations.ts";
import type { BlobStore } from "../../../src/core/ports/blob-store.ts";
import { silentLog } from "../../../src/core/ports/log.ts";
import { silentMetrics } from "../../../src/core/ports/metrics.ts";
import type { Caller, Surface } from "../../../src/core/principal.ts";
import type { Decide } from "../../../src/core/rbac/grant.ts";
import { type RequestContext, splitUrl } from "../../../src/server/shared/request-context.ts";
import { S3Surface } from "../../../src/server/surfaces/s3/handler.ts";
import { MemoryStore } from "../../../src/storage/memory.ts";
import { realClock, realRandom, testSettings } from "../../support/core.ts";
import { testOrganizations } from "../../support/organizations.ts";
import { fixedKeys } from "../../unit/auth/sts/keys.ts";

/** `reader` reads, `nobody` does nothing, `admin` forces, everybody else writes. */
const decide: Decide = async (caller, action) => {
	switch (caller.principal.id) {
		case "nobody":
			return false;
		case "reader":
			return action === "unit.read";
		case "admin":
		case "system":
			return true;
		default:
			return action !== "unit.force-unlock" && action !== "unit.force";
	}
};

export interface Harness {
	readonly core: Core;
	readonly organizations: Organizations;
	readonly store: BlobStore;
	readonly sts: Sts;
	readonly surface: S3Surface;
	readonly url: string;
	credentials(who: string, loginId?: string): Promise<S3Credentials>;
	client(who: string, options?: { loginId?: string; tls?: boolean }): Promise<S3Client>;
	close(): Promise<void>;
}

export async function openHarness(): Promise<Harness> {
	const store = new MemoryStore(realClock);
	const coreOn = (organization: Organization, scope: BlobStore) =>
		createCore({
			...{ organization, store: scope, clock: realClock, random: realRandom, log: silentLog },
			metrics: silentMetrics,
			decide,
			settings: { ...testSettings, projectionSettleMs: 1 },
		});
	const core = coreOn(rootOrganization(), store);
	const sts = new Sts({ keys: fixedKeys("k1"), clock: realClock, random: realRandom });
	const organizations = testOrganizations({ core, store, openCore: coreOn });
	const surface = new S3Surface({
		organizations,
		clock: realClock,
		random: realRandom,
		log: silentLog,
		authentication: {
			...{ kind: "signature", sts },
			renewPrincipal: async (principal) => principal,
		},
		stateBytesMax: 64 * 1024 * 1024,
	});
	let requests = 0;
	const server = Bun.serve({
		port: 0,
		hostname: "127.0.0.1",
		maxRequestBodySize: Number.MAX_SAFE_INTEGER,
		fetch: (request) =>
			surface.handle(request, contextOf(request, `r${++requests}`), {
				hosts: [request.headers.get("host") ?? ""],
				admit() {},
			}),
	});
	const url = `http://127.0.0.1:${server.port}/s3`;
	const credentials = (who: string, loginId = `login-of-${who}`) =>
		sts.issue({
			principal: { id: who, credentialKind: "access-token", loginId },
			ttlMs: 900_000,
		});
	return {
		core,
		organizations,
		store,
		sts,
		surface,
		url,
		credentials,
		async client(who, options = {}) {
			const issued = await credentials(who, options.loginId);
			return new S3Client({
				endpoint: url,
				region: "auto",
				forcePathStyle: true,
				credentials: issued,
				maxAttempts: 1,
			});
		},
		async close() {
			await server.stop(true);
			await core.flush();
			await store.close();
		},
	};
}

function contextOf(request: Request, requestId: string): RequestContext {
	const url = splitUrl(request.url);
	return {
		clock: realClock,
		requestId,
		path: url?.path ?? "/",
		query: new URLSearchParams(url?.query ?? ""),
		clientAddress: null,
		principal: null,
		surface: "none",
		operation: "none",
		organization: null,
		unitId: null,
		allowSlow() {},
	};
}

/** A caller of the core on another surface. */
export function caller(id: string, surface: Surface = "http-backend"): Caller {
	return {
		principal: { id, credentialKind: "access-token", loginId: `login-of-${id}` },
		surface,
		requestId: "test",
	};
}

export function stateText(serial: number, lineage = "l-1", padding = 0): string {
	return `{\n  "version": 4,\n  "terraform_version": "1.11.4",\n  "serial": ${serial},\n  "lineage": "${lineage}",\n  "outputs": {"n": {"value": 123456789012345678901234567890, "type": "number"}},\n  "resources": [],\n  "padding": "${"x".repeat(padding)}"\n}\n`;
}

export function lockText(lockId: string, operation = "OperationTypeApply"): string {
	return JSON.stringify({
		ID: lockId,
		Operation: operation,
		Info: "",
		Who: "alice@laptop",
		Version: "1.11.4",
		Created: "2026-01-02T03:04:05Z",
		Path: "opentaco/app/terraform.tfstate",
	});
}
