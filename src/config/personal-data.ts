/** Kinds of personal data that can be kept from vendors of models. */
export const PERSONAL_DATA_KINDS = ['email', 'iban', 'card', 'ssn', 'ip', 'phone'] as const;

export type PersonalDataKind = (typeof PERSONAL_DATA_KINDS)[number];
