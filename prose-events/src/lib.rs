//! Publishers for [prose]: NATS JetStream and RabbitMQ.
