/** Operations on the bucket, which is the organization, and on the list of buckets. */
import { limits } from "../../../core/limits.ts";
import { namesOf } from "../../../core/organization/organization.ts";
import type { Organizations } from "../../../core/organization/organizations.ts";
import type { Caller } from "../../../core/principal.ts";
import { S3Error, toS3Error } from "./errors.ts";
import { deleteLock, type RepeatedRequests } from "./lock-objects.ts";
import {
	continuationParameter,
	continuationToken,
	keyTarget,
	numberParameter,
	type S3Request,
} from "./request.ts";
import { readXmlBody, type S3Deps } from "./service.ts";
import { deleteState } from "./state-objects.ts";
import { childText, type Element, malformedXml, readXml, xmlDocument } from "./xml.ts";

/**
 * ListBuckets: the organizations that the caller may know of; the default one has two names, which
 * come first.
 */
export async function listBuckets(
	organizations: Organizations,
	caller: Caller,
	query: S3Request["query"],
): Promise<string> {
	const prefix = query.get("prefix") ?? "";
	const most = limits.organizationsMax + 2;
	const max = numberParameter(query, "max-buckets", { fallback: most, min: 1, max: most });
	const after = continuationParameter(query);
	const { organization } = organizations.root;
	const own = namesOf(organization);
	const isBehind = after !== "" && !own.includes(after);
	const first = isBehind ? [] : own.slice(own.indexOf(after) + 1);
	const page = await organizations.list(caller, {
		limit: Math.min(max, limits.organizationsMax + 1),
		after: isBehind ? after : organization.name,
		wants: (name) => name.startsWith(prefix),
	});
	const all = [
		...first.filter((name) => name.startsWith(prefix)).map((name) => bucket(name, null)),
		...page.organizations.map(({ organization: { name }, created }) => bucket(name, created)),
	];
	const shown = all.slice(0, max);
	const last = all.length > max || page.next !== undefined ? shown.at(-1)?.name : undefined;
	return xmlDocument([
		"ListAllMyBucketsResult",
		[
			[
				"Owner",
				[
					["ID", "opentaco"],
					["DisplayName", "opentaco"],
				],
			],
			["Buckets", shown.map(({ element }) => element)],
			...(last === undefined ? [] : [["ContinuationToken", continuationToken(last)] as const]),
			...(prefix === "" ? [] : [["Prefix", prefix] as const]),
		],
	]);
}

function bucket(name: string, created: string | null): { name: string; element: Element } {
	const date = created ?? "2025-01-01T00:00:00.000Z";
	return {
		name,
		element: [
			"Bucket",
			[
				["Name", name],
				["CreationDate", date],
			],
		],
	};
}

/** GetBucketLocation: none, as for the default region. */
export function bucketLocation(): string {
	return xmlDocument(["LocationConstraint", ""]);
}

/** GetBucketVersioning: always on. */
export function bucketVersioning(): string {
	return xmlDocument(["VersioningConfiguration", [["Status", "Enabled"]]]);
}

/** DeleteObjects: each key by itself, as DeleteObject would. */
export async function deleteObjects(
	deps: S3Deps,
	request: S3Request,
	repeats: RepeatedRequests,
): Promise<string> {
	const root = readXml(await readXmlBody(request));
	if (root.name !== "Delete") throw malformedXml();
	const isQuiet = childText(root, "Quiet")?.trim() === "true";
	const objects = root.children.filter((child) => child.name === "Object");
	if (objects.length === 0 || objects.length > limits.objectsPerDeleteMax) throw malformedXml();
	const results: Element[] = [];
	for (const object of objects) {
		const key = childText(object, "Key");
		if (key === undefined || key === "") throw malformedXml();
		try {
			if (childText(object, "VersionId") !== undefined) throw versionsStay();
			const target = keyTarget(key);
			if (target.kind === "lock") await deleteLock(deps, request, target.id, repeats);
			else await deleteState(deps, request, target.id);
			if (!isQuiet) results.push(["Deleted", [["Key", key]]]);
		} catch (thrown) {
			const { error } = toS3Error(thrown);
			results.push([
				"Error",
				[
					["Key", key],
					["Code", error.code],
					["Message", error.message],
				],
			]);
		}
	}
	return xmlDocument(["DeleteResult", results]);
}

/** The refusal to delete one version. */
export function versionsStay(): S3Error {
	return new S3Error(
		405,
		"MethodNotAllowed",
		"versions of a state are not deleted one by one; OPENTACO_MAX_VERSIONS says how many are kept",
	);
}
