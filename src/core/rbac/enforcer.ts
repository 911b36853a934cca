/** The gate's decision: the stored roles, at most `policyAgeMaxMs` old, put to the one function. */
import { limits } from "../limits.ts";
import { type Organization, principalIn } from "../organization/organization.ts";
import type { Caller, Principal } from "../principal.ts";
import type { Register } from "../register/register.ts";
import { isMembershipOf, noTeams, type TeamsDocument } from "../team/model.ts";
import { teamRulesOf } from "../team/rules.ts";
import { type Action, outputAction } from "./action.ts";
import { isAdministrator, judge, needsLabels, type Standing, standingOf } from "./decide.ts";
import type { Filter, OutputFilter } from "./grant.ts";
import { emptyPolicy, type Policy } from "./model.ts";
import { everything, hasTraits, type Labels, withTraits } from "./resource.ts";

/**
 * The traits of a unit as they were at most `policyAgeMaxMs` ago, of a deleted one too; for one that
 * does not exist those that it would be made with. Fails with `storage_unavailable`.
 */
export type LabelsOf = (id: string) => Promise<Labels>;

export interface EnforcerDeps {
	readonly register: Register<Policy>;
	readonly teams: Register<TeamsDocument>;
	readonly admins: ReadonlySet<string>;
	readonly labelsOf: LabelsOf;
	/** Whose roles these are. */
	readonly organization: Organization;
}

interface KnownStanding {
	readonly policy: Policy;
	readonly teams: TeamsDocument;
	readonly standing: Standing;
}

/** Decides by the stored roles and teams. Fails as the registers do, and that denies (I14). */
export class Enforcer {
	readonly #deps: EnforcerDeps;
	/** A principal asks about many units in one request. */
	readonly #standings = new WeakMap<Principal, KnownStanding>();

	constructor(deps: EnforcerDeps) {
		this.#deps = deps;
	}

	/** Whether the caller may. Fails with `storage_unavailable`, `storage_corrupt`, `schema_too_new`. */
	async decide(
		caller: Caller,
		action: Action,
		resource: string,
		labels?: Labels,
	): Promise<boolean> {
		const standing = await this.#standing(caller.principal);
		const isLabelled = resource !== everything && needsLabels(standing, action);
		const known = isLabelled ? await this.#traits(resource, labels) : {};
		return judge(standing, action, resource, known).allowed;
	}

	/** Labels that are about to be set say nothing of the unit's project. */
	async #traits(resource: string, labels: Labels | undefined): Promise<Labels> {
		if (hasTraits(labels)) return labels;
		const own = await this.#deps.labelsOf(resource);
		return labels === undefined ? own : withTraits(labels, own);
	}

	/** A filter over units whose labels are known. Fails as `decide`. */
	async filterFor(caller: Caller, action: Action): Promise<Filter> {
		const standing = await this.#standing(caller.principal);
		if (standing.isAdmin && standing.units === null) return () => true;
		return (resource, labels) => judge(standing, action, resource, labels).allowed;
	}

	/** Whether the principal is anybody here: has a role, is a member, or may always do everything. Fails as `decide`. */
	async hasStanding({ principal }: Caller): Promise<boolean> {
		const { isAdmin, roles, rules } = await this.#standing(principal);
		if (isAdmin || roles.length > 0 || rules.length > 0) return true;
		const { value } = await this.#deps.teams.readCached(limits.policyAgeMaxMs);
		const here = principalIn(this.#deps.organization, principal);
		return (value ?? noTeams).memberships.some((one) => isMembershipOf(one, here));
	}

	/** Which outputs of the unit the caller may read. Fails as `decide`. */
	async outputsFor(caller: Caller, resource: string): Promise<OutputFilter> {
		const standing = await this.#standing(caller.principal);
		const isLabelled = needsLabels(standing, outputAction);
		const labels = isLabelled ? await this.#deps.labelsOf(resource) : {};
		return (name) => judge(standing, outputAction, resource, labels, name).allowed;
	}

	async #standing(given: Principal): Promise<Standing> {
		const { register, admins, organization } = this.#deps;
		const principal = principalIn(organization, given);
		// Those who may always act do not depend on a document that may be damaged.
		if (isAdministrator(principal, admins) && (principal.scope?.roles ?? null) === null) {
			return standingOf(null, admins, principal);
		}
		const [policies, documents] = await Promise.all([
			register.readCached(limits.policyAgeMaxMs),
			this.#deps.teams.readCached(limits.policyAgeMaxMs),
		]);
		const policy = policies.value ?? emptyPolicy;
		const teams = documents.value ?? noTeams;
		const known = this.#standings.get(given);
		if (known?.policy === policy && known.teams === teams) return known.standing;
		const standing = standingOf(policy, admins, principal, teamRulesOf(teams, principal));
		this.#standings.set(given, { policy, teams, standing });
		return standing;
	}
}
