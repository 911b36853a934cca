/** Whom a role is for, and where: shared by assign and revoke. */
import type { AssignmentRequest, SubjectKind } from "../../../api/rbac.ts";
import { usageError } from "../../errors.ts";

export const assignmentArguments = {
	who: {
		type: "positional",
		required: true,
		description: "An e-mail address; with a flag, a group's name, a token's or a subject's id",
	},
	role: { type: "positional", required: true, description: "The role's id" },
	units: {
		type: "positional",
		required: false,
		description: "Only for these units: dev/*, myapp/prod, env=prod",
	},
	group: { type: "boolean", description: "<who> is a group of the identity provider" },
	token: { type: "boolean", description: "<who> is a service token's name or id" },
	subject: { type: "boolean", description: "<who> is a person's id at the identity provider" },
} as const;

export interface AssignmentWords {
	readonly who: string;
	readonly role: string;
	readonly units?: string | undefined;
	readonly group?: boolean | undefined;
	readonly token?: boolean | undefined;
	readonly subject?: boolean | undefined;
}

/** @throws CliError `usage`. */
export function assignmentOf(words: AssignmentWords): AssignmentRequest {
	const { who, role, units } = words;
	const flags = [words.group, words.token, words.subject].filter((flag) => flag === true);
	if (flags.length > 1) throw usageError("give one of --group, --token and --subject");
	const kind: SubjectKind = words.group ? "group" : words.token ? "token" : "user";
	const isNamed = flags.length === 1;
	if (!isNamed && !who.includes("@")) {
		throw usageError(
			"<who> is no e-mail address",
			"use --group, --token or --subject for anything else",
		);
	}
	return {
		kind,
		...(isNamed ? { subject: who } : { email: who }),
		role_id: role,
		...(units === undefined ? {} : { unit: units }),
	};
}
