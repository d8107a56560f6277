/**
 * Checks a payload with a handler's Standard Schema (https://standardschema.dev) and words its issues.
 */
import type { SchemaIssue, StandardSchemaV1 } from '../client/define-job.ts';
import type { Json } from '../protocol/json.ts';
import { cut, describeError } from './job-error.ts';

const MAX_ISSUES = 20;
const MAX_PROBLEM_LENGTH = 4 * 1024;

export type CheckedPayload = { readonly value: unknown } | { readonly problem: string };

/** @throws Error when `input` is there but is no Standard Schema of version 1 */
export function readSchema(input: unknown): StandardSchemaV1 | null {
  if (input === undefined) return null;
  const standard = (
    input as { readonly '~standard'?: Partial<StandardSchemaV1['~standard']> } | null
  )?.['~standard'];
  if (standard?.version === 1 && typeof standard.validate === 'function') {
    return input as StandardSchemaV1;
  }
  throw new Error('input: expected a Standard Schema of version 1 (an object with "~standard")');
}

export async function checkPayload(
  schema: StandardSchemaV1,
  payload: Json,
): Promise<CheckedPayload> {
  try {
    const result = await schema['~standard'].validate(payload);
    return result.issues === undefined
      ? { value: result.value }
      : { problem: describeIssues(result.issues) };
  } catch (error) {
    // A schema that throws has not accepted the payload; the caller hears why.
    return { problem: `the schema failed: ${describeError(error).message}` };
  }
}

export function describeIssues(issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, MAX_ISSUES).map(describeIssue);
  const hidden = issues.length - shown.length;
  if (hidden > 0) shown.push(`and ${hidden} more`);
  return cut(shown.join('; ') || 'the payload does not match the schema', MAX_PROBLEM_LENGTH);
}

function describeIssue(issue: SchemaIssue): string {
  const path = (issue.path ?? [])
    .map((segment) => String(typeof segment === 'object' ? segment.key : segment))
    .join('.');
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
