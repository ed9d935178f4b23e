export const kind = 'policies';
