/** `/v1` behind its gate, and all of its scenarios. */
import { auditScenarios } from "./audit.scenarios.ts";
import { graphScenarios } from "./graph.scenarios.ts";
import { lockScenarios } from "./locks.scenarios.ts";
import { projectScenarios } from "./projects.scenarios.ts";
import { rbacCalls, rbacScenarios } from "./rbac.scenarios.ts";
import { s3CredentialScenarios } from "./s3-credentials.scenarios.ts";
import { gateScenarios, type Scenario } from "./scenario.ts";
import { stateScenarios } from "./states.scenarios.ts";
import { teamScenarios } from "./teams.scenarios.ts";
import { lockInfo, stateText } from "./test-app.ts";
import { unitScenarios } from "./units.scenarios.ts";
import { variableSetScenarios } from "./variable-sets.scenarios.ts";
import { variableScenarios } from "./variables.scenarios.ts";
import { versionScenarios } from "./versions.scenarios.ts";

const json = (value: unknown): string => JSON.stringify(value);

const calls = [
	{ covers: "createUnit", method: "POST", path: "/v1/units", body: json({ id: "new/one" }) },
	{ covers: "getUnit", method: "GET", path: "/v1/units/app__prod" },
	{
		covers: "updateUnit",
		method: "PATCH",
		path: "/v1/units/app__prod",
		body: json({ labels: {} }),
	},
	{ covers: "getUnitSettings", method: "GET", path: "/v1/units/app__prod/settings" },
	{
		covers: "updateUnitSettings",
		method: "PATCH",
		path: "/v1/units/app__prod/settings",
		body: json({ auto_apply: true }),
	},
	{ covers: "deleteUnit", method: "DELETE", path: "/v1/units/app__prod" },
	{ covers: "undeleteUnit", method: "POST", path: "/v1/units/app__gone/undelete" },
	{ covers: "downloadState", method: "GET", path: "/v1/units/app__prod/download" },
	{ covers: "uploadState", method: "POST", path: "/v1/units/app__prod/upload", body: stateText(3) },
	{ covers: "listVersions", method: "GET", path: "/v1/units/app__prod/versions" },
	{ covers: "getVersion", method: "GET", path: "/v1/units/app__prod/versions/1" },
	{ covers: "downloadVersion", method: "GET", path: "/v1/units/app__prod/versions/1/download" },
	{
		covers: "restoreVersion",
		method: "POST",
		path: "/v1/units/app__prod/restore",
		body: json({ version: 1 }),
	},
	{
		covers: "lockUnit",
		method: "POST",
		path: "/v1/units/app__prod/lock",
		body: json({ id: "L1" }),
	},
	{
		covers: "unlockUnit",
		method: "DELETE",
		path: "/v1/units/app__held/unlock",
		body: json({ id: lockInfo.ID }),
	},
	{
		covers: "unlockUnitByPost",
		method: "POST",
		path: "/v1/units/app__held/unlock",
		body: json({ id: lockInfo.ID }),
	},
	{ covers: "forceUnlockUnit", method: "POST", path: "/v1/units/app__held/force-unlock" },
	{ covers: "listAuditEvents", method: "GET", path: "/v1/audit" },
	{ covers: "verifyAudit", method: "GET", path: "/v1/audit/verify" },
	{ covers: "exportAudit", method: "GET", path: "/v1/audit/export" },
];

export const managementScenarios: readonly Scenario[] = [
	...calls.flatMap(gateScenarios),
	...unitScenarios,
	...stateScenarios,
	...versionScenarios,
	...lockScenarios,
	...rbacCalls.flatMap(gateScenarios),
	...rbacScenarios,
	...auditScenarios,
	...s3CredentialScenarios,
	...variableScenarios,
	...projectScenarios,
	...teamScenarios,
	...variableSetScenarios,
	...graphScenarios,
];
