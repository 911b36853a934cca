/** The provider: everything that it has, by name. */
import { type Api, configurationAttributes, configure, explain } from "./configuration.ts";
import { ephemeralOutputs, outputsData } from "./data/outputs.ts";
import { unitStatusData } from "./data/unit-status.ts";
import { unitData, unitsData } from "./data/units.ts";
import type { Provider } from "./plugin/schema.ts";
import { dependencyResource } from "./resources/dependency.ts";
import { projectResource } from "./resources/project.ts";
import { permissionResource, roleResource } from "./resources/rbac.ts";
import { roleAssignmentResource } from "./resources/role-assignment.ts";
import { teamResource } from "./resources/team.ts";
import { teamAccessResource } from "./resources/team-access.ts";
import { ephemeralToken, tokenResource } from "./resources/token.ts";
import { unitResource } from "./resources/unit.ts";
import { variableResource } from "./resources/variable.ts";

/** Settings and stored logins are those of the environment given. */
export function opentacoProvider(env: Readonly<Record<string, string | undefined>>): Provider<Api> {
	return {
		description:
			"Units, variables, dependencies, projects, teams, roles and tokens of an OpenTaco server.",
		attributes: configurationAttributes,
		resources: {
			opentaco_unit: unitResource,
			opentaco_dependency: dependencyResource,
			opentaco_project: projectResource,
			opentaco_team: teamResource,
			opentaco_team_access: teamAccessResource,
			opentaco_role: roleResource,
			opentaco_permission: permissionResource,
			opentaco_role_assignment: roleAssignmentResource,
			opentaco_token: tokenResource,
			opentaco_variable: variableResource,
		},
		dataSources: {
			opentaco_unit: unitData,
			opentaco_units: unitsData,
			opentaco_outputs: outputsData,
			opentaco_unit_status: unitStatusData,
		},
		ephemerals: { opentaco_token: ephemeralToken, opentaco_outputs: ephemeralOutputs },
		configure: (config) => configure(config, env),
		explain,
	};
}
