/** The organizations of a store, as the server opens them. */
import type { Core } from "../../src/core/core.ts";
import { limits } from "../../src/core/limits.ts";
import type { Organization } from "../../src/core/organization/organization.ts";
import { Organizations } from "../../src/core/organization/organizations.ts";
import type { BlobStore } from "../../src/core/ports/blob-store.ts";
import type { Clock } from "../../src/core/ports/clock.ts";
import type { Log } from "../../src/core/ports/log.ts";
import { systemClock, systemRandom } from "../../src/server/machine.ts";

export interface TestOrganizationsInput {
	/** Of the root. */
	readonly core: Core;
	readonly store: BlobStore;
	readonly openCore: (organization: Organization, store: BlobStore) => Core;
	readonly defaultName?: string;
	readonly clock?: Clock;
	readonly log?: Log;
}

export function testOrganizations(input: TestOrganizationsInput): Organizations {
	return new Organizations({
		defaultName: "default",
		clock: systemClock,
		log: { write() {} },
		...input,
		random: systemRandom,
		headAgeMaxMs: limits.headAgeMaxMs,
		actDeadlineMs: limits.actDeadlineMs,
		tasks: input.core.tasks,
	});
}
