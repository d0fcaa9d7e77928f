/*
 * What a model's SQL may be made of. Everything that is not here is refused: what PostgreSQL brings next year too.
 * Functions are those of pg_catalog that only compute: no settings, files, locks, notifications, large objects, catalogs,
 * sleeping, and none that takes SQL, a table's name, or a length that makes a value out of nothing.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

export const FUNCTIONS = words(`
  avg bit_and bit_or bit_xor bool_and bool_or count every max min sum string_agg array_agg any_value
  json_agg jsonb_agg json_object_agg jsonb_object_agg
  corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy
  stddev stddev_pop stddev_samp variance var_pop var_samp mode percentile_cont percentile_disc
  rank dense_rank percent_rank cume_dist row_number ntile lag lead first_value last_value nth_value
  abs ceil ceiling floor round trunc sign sqrt cbrt exp ln log log10 power pow mod div gcd lcm width_bucket
  pi random degrees radians sin cos tan cot asin acos atan atan2 sinh cosh tanh
  ascii btrim chr concat concat_ws initcap left length char_length character_length octet_length bit_length lower ltrim md5
  overlay position replace reverse right rtrim split_part starts_with strpos substr substring translate trim upper
  regexp_count regexp_instr regexp_like regexp_match regexp_matches regexp_replace regexp_split_to_array
  regexp_split_to_table regexp_substr string_to_array string_to_table array_to_string quote_literal to_hex
  like_escape similar_to_escape is_normalized normalize unistr
  age clock_timestamp date_bin date_part date_trunc extract isfinite justify_days justify_hours justify_interval
  make_date make_interval make_time make_timestamp make_timestamptz now statement_timestamp timeofday
  transaction_timestamp to_timestamp to_date to_char to_number timezone date_add date_subtract overlaps
  array_append array_cat array_dims array_length array_lower array_ndims array_position array_positions array_prepend
  array_remove array_replace array_upper cardinality trim_array unnest generate_series generate_subscripts array_sort
  array_reverse
  json_array_elements json_array_elements_text json_array_length json_build_array json_build_object json_each
  json_each_text json_extract_path json_extract_path_text json_object json_object_keys json_strip_nulls json_typeof
  jsonb_array_elements jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
  jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_object jsonb_object_keys jsonb_strip_nulls
  jsonb_typeof jsonb_path_exists jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_set jsonb_insert
  row_to_json to_json to_jsonb array_to_json
  num_nonnulls num_nulls int4 int8 float8 numeric text date timestamp timestamptz
`);

export const TYPES = words(`
  bool int2 int4 int8 numeric float4 float8 text varchar bpchar date time timetz timestamp timestamptz interval uuid
  json jsonb bytea
`);

export const OPERATORS = words(`
  + - * / % ^ |/ ||/ @ = <> != < > <= >= || ~ ~* !~ !~* ~~ !~~ ~~* !~~* ^@ & | # << >>
  -> ->> #> #>> @> <@ ? ?| ?& && @? @@ -|-
`);

/** As the parser names them: BETWEEN and its kin have a name that is no operator. */
export const KEYWORD_OPERATORS: ReadonlySet<string> = new Set([
  'BETWEEN',
  'NOT BETWEEN',
  'BETWEEN SYMMETRIC',
  'NOT BETWEEN SYMMETRIC',
]);

/** Where a row lies, and which transaction wrote it, is nobody's business. */
export const SYSTEM_COLUMNS = words('ctid xmin xmax cmin cmax tableoid oid');

/** CURRENT_DATE and its kin; not CURRENT_USER and its. */
export const VALUE_FUNCTIONS = words(`
  SVFOP_CURRENT_DATE SVFOP_CURRENT_TIME SVFOP_CURRENT_TIME_N SVFOP_CURRENT_TIMESTAMP SVFOP_CURRENT_TIMESTAMP_N
  SVFOP_LOCALTIME SVFOP_LOCALTIME_N SVFOP_LOCALTIMESTAMP SVFOP_LOCALTIMESTAMP_N
`);

/**
 * What a member of a node holds:
 * - `value`: a word, a number, a flag
 * - `node`: another node, by its type
 * - `list`: several
 * - any other word: a node of that type, without its name
 */
export type Member =
  'value' | 'node' | 'list' | 'SelectStmt' | 'WithClause' | 'TypeName' | 'WindowDef' | 'Alias';

/** The nodes of the syntax tree that may be there, each with the members that it may have. */
export const NODES: Readonly<Record<string, Readonly<Record<string, Member>>>> = {
  SelectStmt: {
    distinctClause: 'list',
    targetList: 'list',
    fromClause: 'list',
    whereClause: 'node',
    groupClause: 'list',
    groupDistinct: 'value',
    havingClause: 'node',
    windowClause: 'list',
    valuesLists: 'list',
    sortClause: 'list',
    limitOffset: 'node',
    limitCount: 'node',
    limitOption: 'value',
    withClause: 'WithClause',
    op: 'value',
    all: 'value',
    larg: 'SelectStmt',
    rarg: 'SelectStmt',
  },
  // `recursive` is not here: a query that feeds itself has no bound of its own.
  WithClause: { ctes: 'list' },
  CommonTableExpr: { ctename: 'value', aliascolnames: 'list', ctematerialized: 'value', ctequery: 'node' },
  ResTarget: { name: 'value', val: 'node' },
  ColumnRef: { fields: 'list' },
  A_Star: {},
  A_Const: { ival: 'value', fval: 'value', sval: 'value', boolval: 'value', isnull: 'value' },
  A_Expr: {
    kind: 'value',
    name: 'list',
    lexpr: 'node',
    rexpr: 'node',
    rexpr_list_start: 'value',
    rexpr_list_end: 'value',
  },
  BoolExpr: { boolop: 'value', args: 'list' },
  NullTest: { arg: 'node', nulltesttype: 'value', argisrow: 'value' },
  BooleanTest: { arg: 'node', booltesttype: 'value' },
  SubLink: {
    subLinkType: 'value',
    subLinkId: 'value',
    testexpr: 'node',
    operName: 'list',
    subselect: 'node',
  },
  FuncCall: {
    funcname: 'list',
    args: 'list',
    agg_order: 'list',
    agg_filter: 'node',
    over: 'WindowDef',
    agg_within_group: 'value',
    agg_star: 'value',
    agg_distinct: 'value',
    func_variadic: 'value',
    funcformat: 'value',
  },
  NamedArgExpr: { name: 'value', arg: 'node', argnumber: 'value' },
  TypeCast: { arg: 'node', typeName: 'TypeName' },
  TypeName: { names: 'list', typmods: 'list', typemod: 'value', arrayBounds: 'list' },
  CaseExpr: { arg: 'node', args: 'list', defresult: 'node' },
  CaseWhen: { expr: 'node', result: 'node' },
  CoalesceExpr: { args: 'list' },
  MinMaxExpr: { op: 'value', args: 'list' },
  A_ArrayExpr: { elements: 'list', list_start: 'value', list_end: 'value' },
  A_Indirection: { arg: 'node', indirection: 'list' },
  A_Indices: { is_slice: 'value', lidx: 'node', uidx: 'node' },
  RowExpr: { args: 'list', row_format: 'value' },
  RangeVar: { schemaname: 'value', relname: 'value', inh: 'value', relpersistence: 'value', alias: 'Alias' },
  RangeSubselect: { lateral: 'value', subquery: 'node', alias: 'Alias' },
  RangeFunction: {
    lateral: 'value',
    ordinality: 'value',
    is_rowsfrom: 'value',
    functions: 'list',
    alias: 'Alias',
  },
  JoinExpr: {
    jointype: 'value',
    isNatural: 'value',
    larg: 'node',
    rarg: 'node',
    usingClause: 'list',
    join_using_alias: 'Alias',
    quals: 'node',
    alias: 'Alias',
    rtindex: 'value',
  },
  Alias: { aliasname: 'value', colnames: 'list' },
  SortBy: { node: 'node', sortby_dir: 'value', sortby_nulls: 'value' },
  WindowDef: {
    name: 'value',
    refname: 'value',
    partitionClause: 'list',
    orderClause: 'list',
    frameOptions: 'value',
    startOffset: 'node',
    endOffset: 'node',
  },
  GroupingSet: { kind: 'value', content: 'list' },
  GroupingFunc: { args: 'list' },
  SQLValueFunction: { op: 'value', typmod: 'value' },
  List: { items: 'list' },
  String: { sval: 'value' },
  Integer: { ival: 'value' },
};
