import type { UpdateProject } from "../../api/projects.ts";
import { isClientError } from "../../client/errors.ts";
import type { Api } from "../configuration.ts";
import { ProviderError } from "../plugin/diagnostic.ts";
import type { Plain, PlainMap, ResourceType } from "../plugin/schema.ts";
import { textMapOf, textOf } from "./checks.ts";
import { gone } from "./rbac.ts";

function projectNameFault(value: Plain): string | null {
	const name = String(value);
	return /^[\p{L}\p{N} _-]{3,40}$/u.test(name) && name.trim() === name
		? null
		: "It must have 3 to 40 letters, digits, spaces, dashes and underscores, and no space at either end.";
}

export const projectResource: ResourceType<Api> = {
	description:
		"A project: a name under which units are grouped, by their `settings.project`. The server deletes only a project without units. Import it by its name or its id.",
	attributes: {
		name: {
			type: "string",
			mode: "required",
			description: "Its name, which may change.",
			check: projectNameFault,
		},
		description: {
			type: "string",
			mode: "optional-computed",
			description: "For people. Without it a description that is there stays.",
		},
		labels: {
			type: ["map", "string"],
			mode: "optional",
			description: "Labels that its units have too, as tags. Without it there are none.",
		},
		id: { type: "string", mode: "computed", description: "Given by the server." },
	},
	async create(planned, { api, signal }) {
		const { name = "", ...more } = fieldsOf(planned);
		const wanted = { name, ...more };
		const { id, description } = await named(name, () =>
			api.units.projects.create(wanted, { signal }),
		);
		return { id, description };
	},
	async read(state, { api, signal }) {
		const all = await api.units.projects.list({ signal });
		const wanted = state.id ?? state.name;
		// After an import the name may be either.
		const isNamed = (name: string) => (state.id ?? null) === null && name === wanted;
		const found = all.find(({ id }) => id === wanted) ?? all.find(({ name }) => isNamed(name));
		if (found === undefined) return null;
		const { id, name, description, labels } = found;
		const hasNone = Object.keys(labels).length === 0 && (state.labels ?? null) === null;
		return { id, name, description, labels: hasNone ? null : labels };
	},
	async update(planned, prior, { api, signal }) {
		const change = fieldsOf(planned);
		await named(change.name ?? "", () =>
			api.units.projects.update(textOf(prior, "id") ?? "", change, { signal }),
		);
		return {};
	},
	remove: (state, { api, signal }) =>
		gone(() => api.units.projects.delete(textOf(state, "id") ?? "", { signal })),
	importFrom: (id) => ({ name: id }),
};

function fieldsOf(planned: PlainMap): UpdateProject {
	const description = textOf(planned, "description");
	return {
		...{ name: textOf(planned, "name") ?? "", labels: textMapOf(planned, "labels") },
		...(description === undefined ? {} : { description }),
	};
}

async function named<T>(name: string, act: () => Promise<T>): Promise<T> {
	try {
		return await act();
	} catch (error) {
		if (!isClientError(error, "conflict")) throw error;
		throw new ProviderError(
			"Project already exists",
			[
				`The organization has a project ${name} already. Either`,
				`- import it: terraform import opentaco_project.NAME '${name}'`,
				"- choose another name",
				`- or delete it first: taco project rm '${name}'`,
			].join("\n"),
			"name",
		);
	}
}
