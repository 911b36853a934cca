/** Puts roles and the audit trail together around the gate. No logic of its own. */
import { type Anchors, anchorsRegister, parseAnchors } from "./audit/anchors.ts";
import { AuditChain } from "./audit/chain.ts";
import { AuditService } from "./audit/service.ts";
import { TrailSources } from "./audit/source.ts";
import { limits } from "./limits.ts";
import { type Organization, rootOrganization } from "./organization/organization.ts";
import { type BlobStore, StoreError } from "./ports/blob-store.ts";
import type { Clock } from "./ports/clock.ts";
import type { Log } from "./ports/log.ts";
import type { Random } from "./ports/random.ts";
import { unavailable } from "./ports/unavailable.ts";
import { Enforcer, type LabelsOf } from "./rbac/enforcer.ts";
import { type Decide, type Denial, Gate } from "./rbac/grant.ts";
import { type Policy, parsePolicy } from "./rbac/model.ts";
import { traitsOf } from "./rbac/resource.ts";
import { RbacService } from "./rbac/service.ts";
import { Register } from "./register/register.ts";
import type { CoreSettings } from "./settings.ts";
import { parseTeams, type TeamsDocument } from "./team/model.ts";
import type { UnitDirectory } from "./unit/directory.ts";
import { defaultProjectId } from "./unit/record.ts";
import type { UnitId } from "./unit/unit-id.ts";
import type { UnitLog } from "./unit/unit-log.ts";

export interface AccessDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	readonly random: Random;
	readonly log: Log;
	readonly settings: CoreSettings;
	/** Decides instead of the roles. */
	readonly decide?: Decide | undefined;
	/** E-mail addresses of those who may always do everything. */
	readonly admins?: readonly string[] | undefined;
	/** How long denials and logins are kept, ms; 0 keeps them all. */
	readonly auditRetentionMs?: number | undefined;
	/** Whose core it is; the default organization's when absent. */
	readonly organization?: Organization | undefined;
}

export interface Access {
	readonly gate: Gate;
	readonly rbac: RbacService;
	/** What the gate knows of teams. */
	readonly teams: Register<TeamsDocument>;
	readonly chain: AuditChain;
	/** The service needs the index of units, which needs the log, which comes after the gate. */
	audit(directory: UnitDirectory): AuditService;
}

/** Builds the gate, the roles behind it and the chain that hears of its denials. */
export function createAccess(deps: AccessDeps, unitLog: UnitLog): Access {
	const { store, clock, random, log, settings, organization = rootOrganization() } = deps;
	const { headAgeMaxMs, actDeadlineMs } = settings;
	const registerDeps = { store, clock, random, headAgeMaxMs, actDeadlineMs };
	const policies = new Register<Policy>(registerDeps, "rbac", parsePolicy);
	const anchors = new Register<Anchors>(registerDeps, anchorsRegister, parseAnchors);
	const admins = new Set((deps.admins ?? []).map((email) => email.toLowerCase()));
	const labelsOf = labelsFrom(unitLog, clock);
	const teams = new Register<TeamsDocument>(registerDeps, "teams", parseTeams);
	const enforcer = new Enforcer({ register: policies, teams, admins, labelsOf, organization });
	const chain = new AuditChain({ ...registerDeps, log });
	const onDenied = (denial: Denial) => chain.denied(denial);
	const gate =
		deps.decide === undefined
			? new Gate(
					enforcer.decide.bind(enforcer),
					onDenied,
					enforcer.filterFor.bind(enforcer),
					enforcer.outputsFor.bind(enforcer),
					enforcer.hasStanding.bind(enforcer),
				)
			: new Gate(deps.decide, onDenied);
	unitLog.onRecord((id, record) => chain.noteHead(id, record));
	return {
		gate,
		rbac: new RbacService({
			...{ register: policies, teams, gate, clock, admins, labelsOf, organization },
		}),
		teams,
		chain,
		audit: (directory) =>
			new AuditService({
				store,
				clock,
				log,
				gate,
				chain,
				anchors,
				sources: new TrailSources(store, directory),
				isPruning: settings.recordsKept > 0,
				retentionMs: deps.auditRetentionMs ?? 0,
			}),
	};
}

function labelsFrom(unitLog: UnitLog, clock: Clock): LabelsOf {
	return async (id) => {
		const seen = unitLog.lastSeen(id as UnitId);
		const isFresh =
			seen !== undefined && clock.monotonic() - seen.confirmedFrom <= limits.policyAgeMaxMs;
		try {
			const head = isFresh ? seen : await unitLog.confirm(id as UnitId);
			if (head.record === null) {
				const isPlain = await unitLog.isPlain(id as UnitId);
				return traitsOf({}, defaultProjectId, isPlain ? "existing" : "new");
			}
			const { labels, project = defaultProjectId, deleted } = head.record.state;
			return traitsOf(labels, project, deleted === null ? "existing" : "new");
		} catch (error) {
			if (error instanceof StoreError) throw unavailable(error);
			throw error;
		}
	};
}
