export const requestForm = {} as const;
