/** What somebody may do by their teams: rules as those of roles, shown as the role `team:<name>`. Pure. */
import type { Principal } from "../principal.ts";
import type { Rule } from "../rbac/rule.ts";
import {
	organizationTokenRules,
	ownersRules,
	rulesForOrganization,
	rulesForProject,
	rulesForWorkspace,
} from "./access.ts";
import {
	ownersId,
	subjectOfOrganization,
	type Team,
	type TeamsDocument,
	teamsOf,
} from "./model.ts";

/** A rule that somebody has by a team. */
export interface TeamRule {
	readonly role: string;
	/** Where the team was given it. */
	readonly permission: string;
	readonly rule: Rule;
}

/** The rules by team; made once for a document. */
const madeFor = new WeakMap<TeamsDocument, Map<string, readonly TeamRule[]>>();

function rulesOfTeam(document: TeamsDocument, { id, name, organizationAccess }: Team): TeamRule[] {
	const role = `team:${name}`;
	if (id === ownersId) return ownersRules.map((rule) => ({ role, permission: "owners", rule }));
	const organization = rulesForOrganization(organizationAccess);
	return [
		...organization.map((rule) => ({ role, permission: "organization-access", rule })),
		...document.workspaces
			.filter(({ team }) => team === id)
			.flatMap((grant) =>
				rulesForWorkspace(grant.unit, grant).map((rule) => ({ role, permission: grant.id, rule })),
			),
		...document.projects
			.filter(({ team }) => team === id)
			.flatMap((grant) =>
				rulesForProject(grant.projectId, grant).map((rule) => ({
					...{ role, permission: grant.id, rule },
				})),
			),
	];
}

/** The rules of the principal's teams; of the organization, for its token. Never throws. */
export function teamRulesOf(document: TeamsDocument, principal: Principal): TeamRule[] {
	if (principal.id === subjectOfOrganization(document) && document.organizationToken !== null) {
		const role = "organization-token";
		return organizationTokenRules.map((rule) => ({ role, permission: role, rule }));
	}
	const made = madeFor.get(document) ?? new Map<string, readonly TeamRule[]>();
	madeFor.set(document, made);
	return teamsOf(document, principal).flatMap((team) => {
		const rules = made.get(team.id) ?? rulesOfTeam(document, team);
		made.set(team.id, rules);
		return rules;
	});
}
