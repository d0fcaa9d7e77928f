/** Why our loop ended a run. The same words in code, JSON and tables (api.md). */
export type StopReason =
  | 'finished'
  | 'max_steps'
  | 'repeated_calls'
  | 'tool_args_invalid'
  | 'budget'
  | 'cancelled'
  | 'timeout'
  | 'error';
