/** Puts together what people arrange around units: projects, workspaces, variables. No logic of its own. */
import type { Organization } from "./organization/organization.ts";
import { OrganizationSettingsService } from "./organization/settings.ts";
import type { Gate } from "./rbac/grant.ts";
import type { Register, RegisterDeps } from "./register/register.ts";
import { TeamGrants } from "./team/grants.ts";
import type { TeamsDocument } from "./team/model.ts";
import { TeamService } from "./team/service.ts";
import { TeamTokens } from "./team/tokens.ts";
import type { UnitDirectory } from "./unit/directory.ts";
import type { UnitService } from "./unit/service.ts";
import { VariableDocuments } from "./variable/documents.ts";
import { SecretBox } from "./variable/secret-box.ts";
import { type SecretKey, SecretKeys } from "./variable/secret-keys.ts";
import { VariableService } from "./variable/service.ts";
import { VariableSetService } from "./variable/sets.ts";
import { ConsumerService } from "./workspace/consumers.ts";
import { ProjectService } from "./workspace/projects.ts";
import { WorkspaceService } from "./workspace/service.ts";
import { WorkspaceIds } from "./workspace/workspace-ids.ts";

export interface CollaborationDeps extends RegisterDeps {
	readonly gate: Gate;
	readonly units: UnitService;
	readonly teams: Register<TeamsDocument>;
	readonly directory: UnitDirectory;
	readonly organization: Organization;
	/** Keys that sensitive values are sealed with, the first one for new ones; none: the store's. */
	readonly secretKeys: readonly SecretKey[];
}

export interface Collaboration {
	readonly workspaces: WorkspaceService;
	readonly projects: ProjectService;
	readonly workspaceIds: WorkspaceIds;
	readonly consumers: ConsumerService;
	readonly variables: VariableService;
	readonly variableSets: VariableSetService;
	readonly organizationSettings: OrganizationSettingsService;
	readonly teams: TeamService;
	readonly teamGrants: TeamGrants;
	readonly teamTokens: TeamTokens;
}

/** Builds the services on registers. */
export function createCollaboration(deps: CollaborationDeps): Collaboration {
	const box = new SecretBox(new SecretKeys(deps, deps.secretKeys), deps.random);
	const documents = new VariableDocuments(deps, box);
	const variableSets = new VariableSetService({ ...deps, documents });
	const teamGrants = new TeamGrants(deps);
	const projects = new ProjectService({ ...deps, names: [teamGrants, variableSets] });
	return {
		workspaces: new WorkspaceService({ ...deps, projects }),
		projects,
		workspaceIds: new WorkspaceIds(deps),
		consumers: new ConsumerService(deps),
		variables: new VariableService({ ...deps, documents, sets: variableSets }),
		variableSets,
		organizationSettings: new OrganizationSettingsService(deps),
		teams: new TeamService(deps),
		teamGrants,
		teamTokens: new TeamTokens(deps),
	};
}
