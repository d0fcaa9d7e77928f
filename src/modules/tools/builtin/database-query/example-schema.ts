/**
 * A small shop, so that the tool has something to read before anybody has configured a database. Rows without an owner are
 * everybody's; a row with one is seen by that user alone. Orders are kept by how long ago they were made: last month has
 * sales whatever the date is. Idempotent.
 */
export const EXAMPLE_SCHEMA = 'example';

export const CREATE_EXAMPLE = `
CREATE SCHEMA IF NOT EXISTS example;
CREATE SCHEMA IF NOT EXISTS example_source;
COMMENT ON SCHEMA example IS 'A small shop to try the database_query tool on';

CREATE TABLE IF NOT EXISTS example.customers (
  id integer PRIMARY KEY,
  name text NOT NULL,
  city text NOT NULL,
  country text NOT NULL,
  owner_id uuid
);
COMMENT ON TABLE example.customers IS 'Who buys';
COMMENT ON COLUMN example.customers.owner_id IS 'Empty: seen by everybody. Else only by this user';
CREATE TABLE IF NOT EXISTS example.products (
  id integer PRIMARY KEY,
  name text NOT NULL,
  category text NOT NULL,
  unit_price numeric(10, 2) NOT NULL
);
COMMENT ON TABLE example.products IS 'What is sold';
COMMENT ON COLUMN example.products.unit_price IS 'Net, in EUR';
CREATE TABLE IF NOT EXISTS example_source.orders (
  id integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES example.customers (id),
  months_back integer NOT NULL,
  day_of_month integer NOT NULL CHECK (day_of_month BETWEEN 1 AND 28),
  status text NOT NULL,
  owner_id uuid
);
CREATE TABLE IF NOT EXISTS example.order_lines (
  order_id integer NOT NULL REFERENCES example_source.orders (id),
  line integer NOT NULL,
  product_id integer NOT NULL REFERENCES example.products (id),
  quantity integer NOT NULL CHECK (quantity > 0),
  unit_price numeric(10, 2) NOT NULL,
  PRIMARY KEY (order_id, line)
);
COMMENT ON TABLE example.order_lines IS 'What was bought: quantity times unit_price, net, in EUR. order_id is orders.id';
CREATE OR REPLACE VIEW example.orders WITH (security_invoker = true) AS
  SELECT id, customer_id, status,
         (date_trunc('month', now()) - make_interval(months => months_back) + make_interval(days => day_of_month - 1))::date
           AS ordered_on
    FROM example_source.orders;
COMMENT ON VIEW example.orders IS 'Purchases. customer_id is customers.id; status: paid, open or cancelled';

ALTER TABLE example.customers ENABLE ROW LEVEL SECURITY;
ALTER TABLE example_source.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE example.order_lines ENABLE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS own_rows ON example.customers;
CREATE POLICY own_rows ON example.customers FOR SELECT
  USING (owner_id IS NULL OR owner_id::text = current_setting('app.user_id', true));
DROP POLICY IF EXISTS own_rows ON example_source.orders;
CREATE POLICY own_rows ON example_source.orders FOR SELECT
  USING (owner_id IS NULL OR owner_id::text = current_setting('app.user_id', true));
DROP POLICY IF EXISTS own_rows ON example.order_lines;
CREATE POLICY own_rows ON example.order_lines FOR SELECT
  USING (EXISTS (SELECT 1 FROM example_source.orders o WHERE o.id = order_id));

INSERT INTO example.customers (id, name, city, country) VALUES
  (1, 'Bakery Brot & Salz', 'Cologne', 'DE'), (2, 'Café Lumière', 'Lyon', 'FR'), (3, 'Hotel Adriatic', 'Trieste', 'IT'),
  (4, 'Nordlicht GmbH', 'Hamburg', 'DE'), (5, 'Osteria da Paolo', 'Bologna', 'IT'), (6, 'Tea Room Wells', 'Bath', 'GB')
  ON CONFLICT DO NOTHING;
INSERT INTO example.products (id, name, category, unit_price) VALUES
  (1, 'Espresso beans 1 kg', 'coffee', 18.50), (2, 'Filter coffee 1 kg', 'coffee', 14.20), (3, 'Darjeeling 500 g', 'tea', 21.00),
  (4, 'Earl Grey 500 g', 'tea', 12.80), (5, 'Cocoa 1 kg', 'cocoa', 16.40), (6, 'Oat milk 12 l', 'milk', 22.30),
  (7, 'Espresso machine', 'machines', 1290.00), (8, 'Grinder', 'machines', 389.00)
  ON CONFLICT DO NOTHING;
INSERT INTO example_source.orders (id, customer_id, months_back, day_of_month, status)
  SELECT n, 1 + (n / 6) % 6, n % 6, 1 + (n * 7) % 28, CASE WHEN n % 17 = 0 THEN 'cancelled' WHEN n % 6 = 0 THEN 'open' ELSE 'paid' END
    FROM generate_series(1, 90) AS n
  ON CONFLICT DO NOTHING;
INSERT INTO example.order_lines (order_id, line, product_id, quantity, unit_price)
  SELECT o.id, l.line, p.id, 1 + (o.id * l.line) % 9, p.unit_price
    FROM example_source.orders o
   CROSS JOIN generate_series(1, 3) AS l(line)
    JOIN example.products p ON p.id = 1 + (o.id * 3 + l.line * 5) % 8
   WHERE o.owner_id IS NULL AND o.id <= 90
  ON CONFLICT DO NOTHING;
`;
