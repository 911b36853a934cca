/** People with rights on outputs, and a state whose every other part is a canary. */
import type { Principal } from "../../src/core/principal.ts";
import { person } from "./person.ts";
import { lineage } from "./test-app.ts";

export const principals: Record<string, Principal> = {
	/** May read `network/*#vpc_*`. */
	carol: person("carol"),
	/** The same, and may write. */
	writer: person("writer"),
	reader: person("reader"),
	/** May read all outputs but `secret_*`. */
	most: person("most"),
	stranger: person("stranger"),
	/** An administrator's token for `network/*#vpc_id`. */
	narrowed: person("boss", { scope: { units: ["network/*#vpc_id"], roles: null } }),
};

/** The whole state. */
export function stateOf(serial: number): string {
	return JSON.stringify({
		version: 4,
		terraform_version: "1.11.4",
		serial,
		lineage,
		outputs: {
			vpc_id: { value: "vpc-1", type: "string" },
			vpc_token: { value: "granted-secret", type: "string", sensitive: true },
			secret_key: { value: "CANARY-output", type: "string", sensitive: true },
			other: { value: "CANARY-other", type: "string" },
		},
		resources: [
			{
				mode: "managed",
				type: "aws_db_instance",
				name: "main",
				provider: "CANARY-provider",
				instances: [{ attributes: { password: "CANARY-password" } }],
			},
		],
	});
}

/** What carol gets in place of it. */
export const limited = (serial: number) => `{
  "version": 4,
  "terraform_version": "1.11.4",
  "serial": ${serial},
  "lineage": "${lineage}",
  "outputs": {
    "vpc_id": {"value": "vpc-1", "type": "string"},
    "vpc_token": {"value": "granted-secret", "type": "string", "sensitive": true}
  },
  "resources": [],
  "check_results": null
}
`;
