/** What somebody may do by their teams: rules as those of roles, shown as the role `team:<name>`. Pure. */
import type { Principal } from "../principal.ts";
import type { GivenRule, TeamRules } from "../rbac/decide.ts";
import type { Rule } from "../rbac/rule.ts";
import {
	auditTokenRules,
	organizationTokenRules,
	ownersRules,
	rulesForOrganization,
	rulesForProject,
	rulesForWorkspace,
} from "./access.ts";
import {
	ownersId,
	subjectOfAudit,
	subjectOfOrganization,
	type Team,
	type TeamsDocument,
	teamsOf,
} from "./model.ts";

interface RulesOfTeam {
	readonly rules: readonly GivenRule[];
	readonly byUnit: ReadonlyMap<string, readonly GivenRule[]>;
}

/** The rules by team; made once for a document. */
const madeFor = new WeakMap<TeamsDocument, Map<string, RulesOfTeam>>();

function roleOf({ name }: Team): string {
	return `team:${name}`;
}

function rulesOfTeam(document: TeamsDocument, team: Team): RulesOfTeam {
	const { id, organizationAccess } = team;
	const role = roleOf(team);
	if (id === ownersId) {
		return {
			rules: ownersRules.map((rule) => ({ role, permission: "owners", rule })),
			byUnit: new Map(),
		};
	}
	const organization = rulesForOrganization(organizationAccess);
	const projects = document.projects
		.filter((grant) => grant.team === id)
		.flatMap((grant) =>
			rulesForProject(grant.projectId, grant).map((rule) => ({
				...{ role, permission: grant.id, rule },
			})),
		);
	const byUnit = new Map<string, GivenRule[]>();
	for (const grant of document.workspaces) {
		if (grant.team !== id) continue;
		const rules = rulesForWorkspace(grant.unit, grant);
		const given = rules.map((rule) => ({ role, permission: grant.id, rule }));
		byUnit.set(grant.unit, [...(byUnit.get(grant.unit) ?? []), ...given]);
	}
	return {
		rules: [
			...organization.map((rule) => ({ role, permission: "organization-access", rule })),
			...projects,
		],
		byUnit,
	};
}

function rulesOfToken(role: string, rules: readonly Rule[]): TeamRules {
	const given = rules.map((rule) => ({ role, permission: role, rule }));
	return { roles: [role], rules: given, ofUnits: [] };
}

/** The rules of the principal's teams; of the organization, for its token. Never throws. */
export function teamRulesOf(document: TeamsDocument, principal: Principal): TeamRules {
	const { organizationToken, auditToken = null } = document;
	if (principal.id === subjectOfOrganization(document) && organizationToken !== null) {
		return rulesOfToken("organization-token", organizationTokenRules);
	}
	if (principal.id === subjectOfAudit(document) && auditToken !== null) {
		return rulesOfToken("audit-trails-token", auditTokenRules);
	}
	const made = madeFor.get(document) ?? new Map<string, RulesOfTeam>();
	madeFor.set(document, made);
	const teams = teamsOf(document, principal);
	const all = teams.map((team) => {
		const rules = made.get(team.id) ?? rulesOfTeam(document, team);
		made.set(team.id, rules);
		return rules;
	});
	return {
		roles: teams.map(roleOf),
		rules: all.flatMap(({ rules }) => rules),
		ofUnits: all.flatMap(({ byUnit }) => (byUnit.size === 0 ? [] : [byUnit])),
	};
}
