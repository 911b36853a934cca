/** `/v1/units/:id/settings`: what `cloud` blocks know as a workspace's settings. */
import { UnitSettings, UnitSettingsChange } from "../../../api/units.ts";
import { DomainError } from "../../../core/errors.ts";
import type { SettingValue } from "../../../core/unit/record.ts";
import type { Project } from "../../../core/workspace/projects.ts";
import { settingsIn } from "../../../core/workspace/settings.ts";
import type { Operation, UnitOperation } from "./operation.ts";
import { readJson } from "./operation.ts";

/** The core calls them as the TFE API does. */
const named = (name: string): string => name.replaceAll("_", "-");

const names = Object.keys(UnitSettings.properties).filter((name) => name !== "project");

interface Shown {
	readonly settings: Readonly<Record<string, SettingValue>>;
	readonly project: Project;
}

function settingsView({ settings, project }: Shown): Response {
	const view = Object.fromEntries(names.map((name) => [name, settings[named(name)] ?? null]));
	return Response.json({ ...view, project: project.name });
}

const getSettings: UnitOperation = {
	scope: "unit",
	id: "getUnitSettings",
	method: "GET",
	path: "/v1/units/:id/settings",
	tag: "Units",
	summary: "The unit's settings as a workspace",
	success: { status: 200, schema: UnitSettings },
	failures: [404],
	async handle({ caller, id, deps }) {
		return settingsView(await deps.core.workspaces.get(caller, id));
	},
};

const updateSettings: UnitOperation = {
	scope: "unit",
	id: "updateUnitSettings",
	method: "PATCH",
	path: "/v1/units/:id/settings",
	tag: "Units",
	summary: "Change the unit's settings as a workspace; what is absent stays",
	body: { schema: UnitSettingsChange },
	success: { status: 200, schema: UnitSettings },
	failures: [400, 404],
	async handle({ request, caller, id, deps }) {
		const { project, ...given } = await readJson(request, UnitSettingsChange);
		const attributes = Object.entries(given).map(([name, value]) => [named(name), value]);
		const settings = settingsIn(Object.fromEntries(attributes));
		const projectId =
			project === undefined
				? undefined
				: projectNamed(await deps.core.projects.listFor(caller), project);
		const workspace = await deps.core.workspaces.update(caller, id, {
			settings,
			...(projectId === undefined ? {} : { projectId }),
		});
		return settingsView(workspace);
	},
};

function projectNamed(projects: readonly Project[], name: string): string {
	const found = projects.find((project) => project.name === name);
	if (found !== undefined) return found.id;
	throw new DomainError("not_found", "there is no such project", {
		hint: "a project is named by its name; taco project ls lists them",
	});
}

export const unitSettingsOperations: readonly Operation[] = [getSettings, updateSettings];
