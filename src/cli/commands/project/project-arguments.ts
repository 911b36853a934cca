/** What commands that are about a project share. */
import type { ProjectView } from "../../../api/projects.ts";
import { DomainError } from "../../../core/errors.ts";
import type { Cli } from "../../context.ts";

export const projectArgument = {
	type: "positional",
	required: true,
	description: "The project's name, or its id",
} as const;

/** The project of that name or id. @throws DomainError `not_found`, ClientError. */
export async function projectNamed(cli: Cli, name: string): Promise<ProjectView> {
	const { projects } = await cli.client();
	const all = await projects.list({ signal: cli.signal });
	const found = all.find((one) => one.id === name) ?? all.find((one) => one.name === name);
	if (found !== undefined) return found;
	throw new DomainError("not_found", "there is no such project", {
		hint: "taco project ls lists them",
	});
}

/** Names of projects by their ids. @throws ClientError. */
export async function projectNames(cli: Cli): Promise<ReadonlyMap<string, string>> {
	const all = await (await cli.client()).projects.list({ signal: cli.signal });
	return new Map(all.map(({ id, name }) => [id, name]));
}
