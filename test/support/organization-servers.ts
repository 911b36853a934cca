/** Servers on one store with organizations, and who calls them. */
import { type Core, createCore } from "../../src/core/core.ts";
import { type Organization, rootOrganization } from "../../src/core/organization/organization.ts";
import type { Organizations } from "../../src/core/organization/organizations.ts";
import type { BlobStore } from "../../src/core/ports/blob-store.ts";
import { silentLog } from "../../src/core/ports/log.ts";
import { silentMetrics } from "../../src/core/ports/metrics.ts";
import type { Caller, Principal } from "../../src/core/principal.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { realRandom, testSettings } from "./core.ts";
import { testOrganizations } from "./organizations.ts";
import { ManualClock } from "./store-clock.ts";

function callerOf(principal: Principal): Caller {
	return { principal, surface: "management", requestId: "test" };
}
export const root = callerOf({ id: "admin", credentialKind: "admin-token", loginId: "t" });
export const personOf = (name: string) =>
	callerOf({
		...{ id: `user:${name}`, email: `${name}@example.com`, loginId: name, epoch: 1 },
		credentialKind: "access-token",
	});
export const alice = personOf("alice");
export const bob = personOf("bob");

export interface Server {
	readonly organizations: Organizations;
	readonly core: Core;
	readonly opened: { readonly organization: Organization; readonly core: Core }[];
	readonly flushed: string[];
}

export function serverOn(store: BlobStore, clock: ManualClock): Server {
	const opened: { organization: Organization; core: Core }[] = [];
	const flushed: string[] = [];
	const openCore = (organization: Organization, scope: BlobStore) => {
		const core = createCore({
			...{ organization, store: scope, clock, random: realRandom, log: silentLog },
			metrics: silentMetrics,
			settings: testSettings,
		});
		const watched: Core = {
			...core,
			async flush() {
				flushed.push(organization.name);
				await core.flush();
			},
		};
		opened.push({ organization, core: watched });
		return watched;
	};
	const core = openCore(rootOrganization(), store);
	opened.pop();
	return {
		core,
		organizations: testOrganizations({ core, store, openCore, clock }),
		opened,
		flushed,
	};
}

export function pair() {
	const clock = new ManualClock(Date.parse("2026-01-02T03:04:05Z"));
	const store = new MemoryStore(clock);
	return { clock, store, a: serverOn(store, clock), b: serverOn(store, clock) };
}

export const namesSeen = async ({ organizations }: Server, who: Caller) =>
	(await organizations.list(who)).organizations.map(({ organization }) => organization.name);
